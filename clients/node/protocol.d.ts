// The protocol of signalbox, version 1. Printed by `signalbox schema --lang typescript`.
// A later release may send more members, notifications and values: ignore what you
// do not know, and treat an unknown kind of error by its code.

/** Account as the claims of the tokens name it; null for what they do not name. */
export interface Account {
  /** E-mail address. */
  email: string | null;
  /** Plan, such as "plus"; an open set. */
  planType: string | null;
  /** Id of the ChatGPT account. */
  accountId: string | null;
  /** Id of the user. */
  userId: string | null;
}

/** AccountMode decides the route of a model that no row of the table names. */
export type AccountMode = "chatgpt" | "apiKey";

/** One change that was made to the body, or an option that had no effect. */
export interface Adjustment {
  /** The member of the body, such as "input[0].role", or "_meta.NAME". */
  field: string;
  /** One of "set", "wrapped", "replaced", "dropped" and "ignored". */
  action: string;
  /** Why, in words. */
  reason: string;
}

/** One HTTP request that was sent. */
export interface Attempt {
  /** HTTP status; null when no answer arrived. */
  status: number | null;
  /**
   * Why there was no answer, or server_error for a 5xx: a reason of 1104, or
   * "cancelled".
   */
  error_kind?: Reason;
  /** From sending to the response headers or the failure, in milliseconds. */
  duration_ms: number;
}

/** AuthState sums the credentials up. */
export type AuthState = "authenticated"
  | "unauthenticated"
  | "expired"
  | "error";

/** The result of auth/status. It never shows a secret. */
export interface AuthStatus {
  /** All of it in one word. */
  state: AuthState;
  /** Where models go that no rule names; null without a credential. */
  mode: AccountMode | null;
  /** Whom the access token belongs to; null when none tells. */
  account: Account | null;
  /** The two credentials, present or not. */
  credentials: CredentialStates;
  /** One row for each route: first chatgpt, then platform. */
  routes: RouteState[];
  /** auth.json. */
  file: FileState;
  /** The login that waits for its user; absent when none does. */
  login?: LoginPrompt;
  /** Overrides in force, for example a base URL from the environment. */
  overrides: Override[];
  /** One sentence each, for a person. */
  warnings: string[];
}

/** The params of auth/status. */
export interface AuthStatusParams {
  /** Whether the login may be refreshed first. */
  refresh?: StatusRefresh;
}

/** The params of auth/login/cancel. */
export interface CancelLoginParams {
  /** The login; absent: the one that waits. */
  loginId?: string;
}

/** The result of auth/login/cancel. */
export interface CancelLoginResult {
  /**
   * "cancelled", its port free again, or "notFound": it is over, or being
   * saved.
   */
  status: string;
}

/** The params of $/cancelRequest. */
export interface CancelRequestParams {
  /** Id of the request, as it was sent. An unknown one is ignored. */
  id: string | number;
}

/** The params of responses/cancel. */
export interface CancelStreamParams {
  /** Id of the stream. */
  streamId: string;
}

/** The result of responses/cancel. */
export interface CancelStreamResult {
  /** "cancelling", or "notFound" when no live stream has the id. */
  status: string;
}

/** What the ChatGPT backend said of the usage of a plan. */
export interface ChatGPTLimits {
  /** When it said so. */
  observedAt: string;
  /** The plan, as the backend names it. */
  planType?: string;
  /** The windows in which usage is counted. */
  windows: UsageWindow[];
  /** Credits beside the plan; absent when it says nothing of them. */
  credits?: Credits;
}

/** The state of the OAuth access token. */
export interface ChatGPTState {
  /** There is one, usable or not. */
  present: boolean;
  /** Where it is; "unknown" when there is none. */
  source: CredentialSource;
  /** When it expires; null when it does not tell. */
  expiresAt: string | null;
  /** When it was last renewed; null when not known. */
  lastRefresh: string | null;
  /** A refresh token stands beside it. */
  refreshable: boolean;
  /** It is in memory only, because it could not be written; that is tried again. */
  unsaved?: boolean;
  /** Why it cannot be used: the reason that an error would have. */
  reason?: Reason;
}

/** ClientInfo names the host, as in LSP. */
export interface ClientInfo {
  /** Its name. */
  name?: string;
  /** Its version. */
  version?: string;
}

/**
 * A JSON-RPC error code. Hosts branch on ErrorData.Kind; the code groups the
 * kinds and stays meaningful to clients that know only JSON-RPC or LSP.
 */
export type Code = number;

/**
 * The params of auth/login/complete: loginId with redirectUrl, or with code and
 * state.
 */
export interface CompleteLoginParams {
  /** The login that waits. */
  loginId: string;
  /** The whole address that the browser has ended on, though no page came. */
  redirectUrl?: string;
  /** The parameter code of that address. */
  code?: string;
  /** The parameter state of that address. */
  state?: string;
}

/** The params of responses/completed. */
export interface Completed {
  /** As in responses/started. */
  streamId: string;
  /** As in responses/started. */
  requestId: string | number;
  /** One more than the last; 0 when there was no responses/started. */
  seq: number;
  /** How the response ended. */
  status: Status;
  /** The upstream's id of the response; absent when it gave none. */
  responseId?: string;
  /** All of it. */
  evidence: Evidence;
  /** The whole error object of the reply; absent when that is a result. */
  error?: Error;
  /** The upstream's usage, byte for byte; absent when it gave none. */
  usage?: Record<string, unknown>;
}

/**
 * Our own options of responses/create, its member _meta. null means absent, a
 * wrong type is -32602, unknown members are listed in evidence.adjustments.
 */
export interface CreateOptions {
  /** Id of the stream, unique among the live ones; by default a generated one. */
  streamId?: string;
  /** The route, for a model that is not pinned to one. */
  route?: RouteChoice;
  /** With stream, whether the host gets the events. */
  events?: EventChoice;
  /**
   * Limit for the whole request, in milliseconds. Without it there is none,
   * except 15 minutes without a stream on the Platform route.
   */
  timeoutMs?: number;
  /**
   * How long a stream may be silent, in milliseconds; by default
   * --idle-timeout.
   */
  idleTimeoutMs?: number;
  /** What becomes of tuning parameters that the route does not accept. */
  onUnsupported?: UnsupportedPolicy;
  /** What the answer must be. */
  expect?: {
    /**
     * The model that must answer, itself or a dated snapshot of it. Another one
     * is 1107 before the event that names it is delivered.
     */
    model?: string;
  };
  /**
   * Headers for the upstream: traceparent, tracestate, x-client-request-id and
   * idempotency-key; any other is -32602.
   */
  headers?: Record<string, string>;
  /** The scenario of this request; only under --simulate. */
  simulate?: string;
}

/**
 * The params of responses/create: the body as the Responses API documents it,
 * flat, of which these members mean something to us as well, and our own
 * options.
 */
export interface CreateParams {
  /** The model; it decides the route and is never changed. */
  model: string;
  /** Deliver the events as they come. Both values work on both routes. */
  stream?: boolean;
  /** Not supported: true is 1101 on both routes. */
  background?: boolean;
  /** Our own options; cut out before anything is sent. */
  _meta?: CreateOptions;
  [member: string]: unknown;
}

/** The result of responses/create. */
export interface CreateResult {
  /** As in responses/started. */
  streamId: string;
  /** The upstream's id of the response; null when it gave none. */
  responseId: string | null;
  /** How the response ended; never "failed". */
  status: Status;
  /** As in responses/completed. */
  evidence: Evidence;
  /** The upstream's usage, byte for byte; null when it gave none. */
  usage: Record<string, unknown> | null;
  /**
   * The upstream's response object, byte for byte, or put together from a
   * stream; absent when the host gets the events, and when cancelled.
   */
  response?: Record<string, unknown>;
}

/** The kind of credential that a route needs. */
export type CredentialKind = "chatgpt" | "platformKey";

/** CredentialSource says where a credential came from. */
export type CredentialSource = "explicit_api_key"
  | "env_openai_api_key"
  | "env_oauth_access_token"
  | "codex_auth_json_api_key"
  | "codex_auth_json_oauth"
  | "codex_keyring_api_key"
  | "codex_keyring_oauth"
  | "codex_token_exchange_api_key"
  | "unknown";

/** The two credentials, present or not. */
export interface CredentialStates {
  /** The OAuth access token. */
  chatgpt: ChatGPTState;
  /** The Platform key. */
  platform: PlatformState;
}

/** What a ChatGPT account has beside its plan. */
export interface Credits {
  /** There are some. */
  hasCredits: boolean;
  /** They do not end. */
  unlimited: boolean;
  /** What is left, as the backend writes it. */
  balance?: string;
}

/** The result of server/diagnostics. */
export interface Diagnostics {
  /** Process id. */
  pid: number;
  /** Milliseconds since the process began to serve. */
  uptimeMs: number;
  /**
   * Resident memory in bytes; where the system does not tell, what the Go
   * runtime has taken from it.
   */
  rssBytes: number;
  /** Goroutines that exist. */
  goroutines: number;
  /** What has not been answered yet. */
  inFlight: InFlight;
  /** What waits for the host to read. */
  queue: Queue;
}

/**
 * The result of rpc.discover: an OpenRPC document, version 1.3, for this
 * release of signalbox. `signalbox schema` prints it, too.
 */
export interface Discovery {
  /** Version of the OpenRPC specification. */
  openrpc: string;
  /** Name and version of this protocol. */
  info: Record<string, unknown>;
  /**
   * The methods, and the notifications from the host as methods without a
   * result.
   */
  methods: Record<string, unknown>[];
  /** The types and the errors that the methods refer to. */
  components: Record<string, unknown>;
  /**
   * The notifications to the host, described as methods without a result:
   * OpenRPC itself has no place for them.
   */
  "x-serverNotifications": Record<string, unknown>[];
  /** What is asked of a host that has declared that it can answer. */
  "x-serverRequests": Record<string, unknown>[];
}

/**
 * The error of a reply, and the only error type that crosses a package border.
 * No text in it holds a secret, a body or a URL with a query.
 */
export interface Error {
  /** The code of the kind. */
  code: Code;
  /** One sentence for a person. */
  message: string;
  /** What a program needs. */
  data: ErrorData;
}

/** error.data. Only the members that belong to the kind are set. */
export interface ErrorData {
  /** The stable name of what went wrong. */
  kind: Kind;
  /** Narrows the kind. */
  reason?: Reason;
  /** What a person can do, as one imperative. */
  action?: string;
  /** The same request may succeed later, and no event was delivered. */
  retryable: boolean;
  /** How long to wait before that, in milliseconds; absent when not known. */
  retryAfterMs?: number;
  /** The upstream's own status; absent when none arrived. */
  httpStatus?: number;
  /** As in responses/started. */
  headers?: Headers;
  /** What the upstream says. */
  upstream?: UpstreamError;
  /** The stream of responses/create, once it has started. */
  streamId?: string;
  /**
   * The member of params, or of auth.json, that is wrong, such as
   * "_meta.route".
   */
  field?: string;
  /** The unknown method. */
  method?: string;
  /** The nearest known methods. */
  similar?: string[];
  /** Repeated in the log, beside the stack of a panic. */
  incidentId?: string;
  /** The limit that was reached: a number of requests, or of bytes. */
  limit?: number;
  /** Protocol versions that initialize accepts. */
  supported?: number[];
  /** The kind of credential that the route needs. */
  need?: CredentialKind;
  /** The kinds that are present; may be empty. */
  have?: CredentialKind[];
  /**
   * The login methods that would help, best first: "browser", "device",
   * "apiKey".
   */
  loginMethods?: string[];
  /** The route that refused a parameter, or that the model is pinned to. */
  route?: RouteName;
  /** The credential file that cannot be used. */
  path?: string;
  /** Events that the host got before the stream broke. */
  eventsDelivered?: number;
  /** When the limit ends; absent when not known. */
  resetsAt?: string;
  /** The ChatGPT plan, as the upstream names it. */
  planType?: string;
  /** The window of the plan's usage that is full: "primary" or "secondary". */
  window?: string;
  /** What is known of the call, once responses/create has started. */
  evidence?: Evidence;
}

/** The params of responses/event. */
export interface Event {
  /** As in responses/started. */
  streamId: string;
  /** As in responses/started. */
  requestId: string | number;
  /** Counts the notifications of the stream, without gaps. */
  seq: number;
  /** The event, byte for byte; almost always an object. */
  event: unknown;
}

/** EventChoice says which events of a stream a host gets. */
export type EventChoice = "all" | "none";

/**
 * Evidence proves what an answer is: which model was asked for and which one
 * the upstream says it used, over which route and with which credential.
 */
export interface Evidence {
  /** The model of the request, as it was sent: it is never changed. */
  requested_model: string;
  /**
   * What the upstream says that it used: its header openai-model, else
   * response.model. null when it says nothing; never copied from the request.
   */
  effective_model: string | null;
  /** Where the effective model was named. */
  model_source: ModelSource;
  /**
   * All models that the upstream named are the requested one or a dated
   * snapshot of it (MODEL-YYYY-MM-DD); null when it named none.
   */
  model_match: boolean | null;
  /** Always "responses". */
  api: string;
  /** Null when no route could be chosen. */
  route: RouteName | null;
  /** Base URL of the route; null when no credential could be resolved for it. */
  base_url: string | null;
  /** Where the credential came from; "unknown" when none could be resolved. */
  credential_source: CredentialSource;
  /**
   * First 16 hexadecimal digits of the SHA-256 of the ChatGPT account id;
   * absent without one.
   */
  account_id_hash?: string;
  /** HTTP status of the answer that counts; null when none arrived. */
  status: number | null;
  /**
   * The id by which OpenAI's support finds the request; null when the upstream
   * gave none.
   */
  upstream_request_id: string | null;
  /** Every HTTP request that was sent, in order, retries included. */
  attempts: Attempt[];
  /** The credential was renewed for this request. */
  refreshed: boolean;
  /** What was changed in the body, and options that had no effect. */
  adjustments: Adjustment[];
  /**
   * The traceparent of _meta.headers, which was passed upstream (W3C Trace
   * Context).
   */
  traceparent?: string;
  /** Codex client version declared; on the ChatGPT route only. */
  client_version?: string;
  /** Service tier that the upstream names. */
  service_tier?: string;
  /**
   * The constraint of a region-bound workspace, sent as
   * x-openai-account-routing-override; absent without one.
   */
  routing_override?: string;
  /** What this answer said of the limits; absent when it said nothing. */
  rate_limits?: RateLimits;
  /**
   * From the request to the response headers, in milliseconds; null before
   * them.
   */
  ttfb_ms: number | null;
  /**
   * From the request to the first event, in milliseconds; null before it and
   * without a stream.
   */
  first_event_ms: number | null;
  /** From the request until now, in milliseconds. */
  duration_ms: number;
}

/**
 * ExchangePolicy says whether a login trades its id_token for a Platform key
 * (RFC 8693).
 */
export type ExchangePolicy = "auto" | "never" | "require";

/** The result of auth/exchange. */
export interface ExchangeResult {
  /** The key that the login was traded for. */
  credential: ExchangedKey;
}

/** ExchangedKey tells a key without showing it. */
export interface ExchangedKey {
  /**
   * "codex_token_exchange_api_key", or where a key of the login is that was
   * there already.
   */
  source: CredentialSource;
  /** Its first 3 and last 4 characters; null when it is short. */
  hint: string | null;
}

/** FileState describes auth.json. */
export interface FileState {
  /** Where it is, or would be. */
  path: string;
  /** Permissions in octal, such as "0600"; null when there is no file. */
  mode: string | null;
  /** When it was last written; null when there is no file. */
  modified: string | null;
}

/**
 * The upstream's headers that a host may see, by lower-case name: x-request-id,
 * openai-*, x-ratelimit-*, x-codex-*, retry-after.
 */
export type Headers = Record<string, string>;

/**
 * What a host can do: the members of LSP's ClientCapabilities that have a
 * meaning here.
 */
export interface HostCapabilities {
  /** What the host can do for its user. */
  window?: {
    /** How the host shows pages. */
    showDocument?: {
      /** The host answers window/showDocument. */
      support?: boolean;
    };
    /**
     * With true, or an object, the lines of the log are also sent as
     * window/logMessage.
     */
    logMessage?: boolean | Record<string, unknown>;
  };
}

/** InFlight counts what has not been answered yet. */
export interface InFlight {
  /** Requests that count against maxRequests. */
  requests: number;
  /** Responses that run. */
  streams: number;
  /** Bytes of the bodies that may still be sent upstream. */
  bodyBytes: number;
}

/**
 * The params of initialize. Members that are not listed have no effect and are
 * named in ignoredOptions.
 */
export interface InitializeParams {
  /** The version that the host speaks: 1. Another one is -32602 with supported. */
  protocolVersion?: number;
  /**
   * The host's process: when it is gone, so are we. null or absent: not
   * watched.
   */
  processId?: number;
  /** The host; not read so far. */
  clientInfo?: ClientInfo;
  /** What the host can do, as in LSP. Members of an unexpected type are ignored. */
  capabilities?: HostCapabilities;
  /** Notifications that the host does not want, by exact name. */
  optOutNotifications?: string[];
}

/** The result of initialize. */
export interface InitializeResult {
  /** The version spoken from here on: 1. */
  protocolVersion: number;
  /** This program. */
  serverInfo: ServerInfo;
  /** What this process serves and sends. */
  capabilities: ServerCapabilities;
  /**
   * As auth/status answers it, from file and environment only. Where the login
   * may be in the keyring, the state is "error" and the reason "keyring" until
   * auth/status has asked for it.
   */
  auth: AuthStatus;
  /** Members of the params that had no effect. */
  ignoredOptions: string[];
}

/**
 * The stable name of what went wrong. The list is closed per release; a client
 * treats an unknown kind by its code.
 */
export type Kind = "parse_error"
  | "invalid_request"
  | "method_not_found"
  | "invalid_params"
  | "internal_error"
  | "not_initialized"
  | "cancelled"
  | "busy"
  | "login_required"
  | "credential_mismatch"
  | "credential_store"
  | "auth_unavailable"
  | "login_failed"
  | "exchange_failed"
  | "unsupported_parameter"
  | "upstream_rejected"
  | "rate_limited"
  | "upstream_unavailable"
  | "stream_broken"
  | "response_failed"
  | "model_mismatch";

/** Limits of this process. */
export interface Limits {
  /** Largest message from the host, in bytes. */
  maxMessageBytes: number;
  /** Requests in flight, apart from responses/create. */
  maxRequests: number;
  /** responses/create in flight. */
  maxStreams: number;
  /**
   * Largest event of the upstream, and largest response without a stream, in
   * bytes.
   */
  maxEventBytes: number;
}

/** The params of limits/read. */
export interface LimitsReadParams {
  /**
   * Ask the ChatGPT backend's usage endpoint once before answering; the
   * Platform has none.
   */
  refresh?: boolean;
}

/** window/logMessage, as in LSP. */
export interface LogMessage {
  /** 1 error, 2 warning, 3 info, 4 debug. */
  type: number;
  /** The line, without prompts and secrets. */
  message: string;
}

/** auth/loginCompleted: the login is over. */
export interface LoginCompleted {
  /** Names the login. */
  loginId: string;
  /** The credentials are stored, and nothing that was required is missing. */
  success: boolean;
  /** Why not: the whole error of the answer. */
  error?: Error;
  /** As auth/status answers it; absent when nothing has changed. */
  auth?: AuthStatus;
}

/** A way to log in: one of "browser", "device" and "apiKey". */
export type LoginMethod = string;

/** The params of auth/login. */
export interface LoginParams {
  /** "browser", "device" or "apiKey". */
  method: LoginMethod;
  /**
   * The key, for the method apiKey alone. Blank, with line breaks, with "Bearer
   * " before it, or an access token: -32602.
   */
  apiKey?: string;
  /** Write the key to auth.json; without it the key is for this process only. */
  persist?: boolean;
  /** Answer when the login is over (the default), or at once. */
  wait?: boolean;
  /** How long to wait for the user; 600000. A device code ends after 15 minutes. */
  timeoutMs?: number;
  /**
   * Open the browser (the default): the host if it declares
   * window.showDocument, else the system.
   */
  openBrowser?: boolean;
  /**
   * Ports of the callback on loopback, the first that is free; [1455, 1457].
   * Empty: nothing listens, and auth/login/complete ends the login. 0 is any
   * port.
   */
  ports?: number[];
  /** Whether the id_token is traded for a Platform key; "auto". */
  exchange?: ExchangePolicy;
  /** Log in although auth.json cannot be read; its content is kept beside it. */
  replace?: boolean;
}

/**
 * auth/loginPrompt: what the user has to be shown. auth/status repeats it while
 * the login waits.
 */
export interface LoginPrompt {
  /** Names the login. */
  loginId: string;
  /** "browser" or "device". */
  method: string;
  /** Where the browser has to go; of a browser login. */
  authUrl?: string;
  /** Where the user enters the code; of a device login. */
  verificationUrl?: string;
  /** The same with the code in it, where the issuer has such a page; not so far. */
  verificationUrlComplete?: string;
  /** The code to enter there. */
  userCode?: string;
  /** When the login gives up. */
  expiresAt: string;
}

/** The result of auth/login and auth/login/complete. */
export interface LoginResult {
  /** Names the login. */
  loginId: string;
  /** "pending" is the answer to wait:false. */
  status: LoginStatus;
  /** Where the browser has to go; of a pending browser login. */
  authUrl?: string;
  /** Where the user enters the code; of a pending device login. */
  verificationUrl?: string;
  /** The code to enter there. */
  userCode?: string;
  /** When a pending login gives up. */
  expiresAt?: string;
  /** As auth/status answers it after the login. */
  auth?: AuthStatus;
}

/** How far a login has come. */
export type LoginStatus = "pending" | "succeeded";

/** The params of auth/logout. */
export interface LogoutParams {
  /**
   * Tell the issuer, too, so that the tokens are of no use any more (the
   * default); false: forget them on this machine only.
   */
  revoke?: boolean;
}

/** The result of auth/logout. */
export interface LogoutResult {
  /**
   * As auth/status answers it after the logout; credentials of the environment
   * still count.
   */
  auth: AuthStatus;
}

/** One model on one route. */
export interface Model {
  /** What responses/create takes as model. */
  id: string;
  /** The route. */
  route: RouteName;
  /** Always "responses". */
  api: string;
  /** Base URL of the route; empty when its override was refused. */
  base_url: string;
  /**
   * It can be used on this route now, as far as the credential and the
   * backend's list tell.
   */
  available: boolean;
  /**
   * Why not: the reason of the error that a request would get, such as
   * "no_credentials", "pinned_route", "model_unavailable" (it asks for a newer
   * client) or "usage_not_included" (in the plan).
   */
  reason?: Reason;
  /** For a person. */
  name?: string;
  /** Input and output together, in tokens. */
  contextWindow?: number;
  /** In tokens. */
  maxOutputTokens?: number;
  /** Such as "text" and "image". */
  inputModalities?: string[];
  /** It can call functions; absent when not known. */
  toolCalling?: boolean;
  /** What reasoning.effort may be. */
  efforts?: string[];
  /** Not meant to be offered to a person. */
  hidden: boolean;
  /** Where the row comes from. */
  source: ModelListSource;
}

/** ModelListSource says where a row of models/list comes from. */
export type ModelListSource = "live" | "cache" | "static";

/** ModelSource says what named the effective model. */
export type ModelSource = "response.model" | "openai-model" | "unknown";

/** The params of models/list. */
export interface ModelsListParams {
  /**
   * Ask both backends and wait for them. Without it the answer comes at once
   * from what is known, and what is missing is asked for in the background.
   */
  refresh?: boolean;
}

/** The result of models/list. */
export interface ModelsListResult {
  /**
   * One row for each model and route; the pinned models come first and are
   * always there.
   */
  models: Model[];
  /** What could not be asked, one sentence each. */
  warnings: string[];
}

/** A setting that replaces a default of the program. */
export interface Override {
  /** The variable or the flag. */
  name: string;
  /** Its value. */
  value: string;
  /** Who said so: "flag" or "environment". */
  source: string;
}

/** What the Platform said of the rate limits of a key. */
export interface PlatformLimits {
  /** When it said so. */
  observedAt: string;
  /** Limit of requests; null when it said nothing of it. */
  requests: Quota | null;
  /** Limit of tokens; null when it said nothing of it. */
  tokens: Quota | null;
}

/** The state of the Platform key. */
export interface PlatformState {
  /** There is one, usable or not. */
  present: boolean;
  /** Where it is; "unknown" when there is none. */
  source: CredentialSource;
  /**
   * Its first 3 and last 4 characters; null when it is short, unusable or
   * absent.
   */
  hint: string | null;
  /** Why it cannot be used: the reason that an error would have. */
  reason?: Reason;
}

/** What waits for the host to read. */
export interface Queue {
  /** Bytes that are not in the pipe yet. */
  bytes: number;
}

/** One rate limit of the Platform. */
export interface Quota {
  /** How much there is when nothing is used; null when not known. */
  limit: number | null;
  /** How much is left; null when not known. */
  remaining: number | null;
  /**
   * Until all of it is back, in milliseconds from observedAt; null when not
   * known.
   */
  resetMs: number | null;
}

/** Credits in evidence. */
export interface RateCredits {
  /** As in limits/read. */
  has_credits: boolean;
  /** As in limits/read. */
  unlimited: boolean;
  /** As in limits/read. */
  balance?: string;
}

/** evidence.rate_limits: what this answer said of the limits. */
export interface RateLimits {
  /** The ChatGPT plan, as the backend names it. */
  plan_type?: string;
  /** The windows of the ChatGPT plan; absent on the Platform route. */
  windows?: RateWindow[];
  /** Credits beside the plan. */
  credits?: RateCredits;
  /** The Platform's limit of requests. */
  requests?: RateQuota;
  /** The Platform's limit of tokens. */
  tokens?: RateQuota;
}

/** A Quota in evidence. */
export interface RateQuota {
  /** As in limits/read. */
  limit: number | null;
  /** As in limits/read. */
  remaining: number | null;
  /** As in limits/read. */
  reset_ms: number | null;
}

/** A UsageWindow in evidence. */
export interface RateWindow {
  /** As in limits/read. */
  name: string;
  /** As in limits/read. */
  used_percent: number;
  /** As in limits/read. */
  window_minutes: number | null;
  /** As in limits/read. */
  resets_at: string | null;
}

/**
 * Reason narrows a kind of error, and says why a credential, a route or a model
 * cannot be used. The list is closed per release; ignore a reason that you do
 * not know and go by the kind.
 */
export type Reason = "too_large"
  | "batch_unsupported"
  | "duplicate_id"
  | "charset"
  | "duplicate_stream_id"
  | "no_credentials"
  | "token_expired"
  | "token_rejected"
  | "refresh_expired"
  | "refresh_reused"
  | "refresh_revoked"
  | "account_changed"
  | "wrong_kind"
  | "missing_account_id"
  | "account_mismatch"
  | "pinned_route"
  | "bad_override"
  | "foreign_base_url"
  | "foreign_issuer"
  | "missing_organization"
  | "invalid_id_token"
  | "other"
  | "corrupt"
  | "unreadable"
  | "keyring"
  | "unsupported_store"
  | "unsupported_auth_mode"
  | "locked"
  | "read_only"
  | "not_owner"
  | "hard_link"
  | "no_space"
  | "write_failed"
  | "denied"
  | "expired"
  | "state_mismatch"
  | "port_busy"
  | "cancelled"
  | "superseded"
  | "code_exchange_failed"
  | "device_disabled"
  | "workspace_not_allowed"
  | "connect"
  | "dns"
  | "tls"
  | "proxy"
  | "timeout"
  | "server_error"
  | "overloaded"
  | "redirect"
  | "rate_limited"
  | "refused"
  | "bad_answer"
  | "model_unavailable"
  | "context_length"
  | "invalid_prompt"
  | "not_found"
  | "forbidden"
  | "blocked"
  | "usage_limit"
  | "usage_not_included"
  | "requests"
  | "tokens"
  | "quota"
  | "cut"
  | "idle"
  | "bad_event"
  | "no_terminal_event"
  | "not_sse";

/** The result of auth/refresh. */
export interface RefreshResult {
  /** There are new tokens. */
  refreshed: boolean;
  /** As auth/status answers it after the renewal. */
  auth: AuthStatus;
}

/** The params of routes/resolve. */
export interface ResolveParams {
  /** The model. */
  model: string;
  /** As _meta.route of responses/create. */
  route?: RouteChoice;
}

/** The result of routes/resolve. */
export interface ResolveResult {
  /** As in the params. */
  model: string;
  /** Where it goes. */
  route: RouteName;
  /** Always "responses". */
  api: string;
  /** Base URL of the route. */
  base_url: string;
  /** Where the credential comes from. */
  credential_source: CredentialSource;
  /** What chose the route: "pinned", "pattern", "mode" or "request". */
  rule: string;
}

/** The route that a host asks for. */
export type RouteChoice = "auto" | "chatgpt" | "platform";

/** RouteName names one of the two backends. */
export type RouteName = "chatgpt" | "platform";

/** RouteState says whether a route can be used now. */
export interface RouteState {
  /** The route. */
  route: RouteName;
  /** Always "responses". */
  api: string;
  /** Where its requests go; empty when an override is refused. */
  base_url: string;
  /** A request would be sent. */
  available: boolean;
  /** Where its credential comes from; "unknown" when it is not available. */
  credential_source: CredentialSource;
  /** Why it is not available: the reason that an error would have. */
  reason?: Reason;
}

/** ServerCapabilities spare a host probing by error code. */
export interface ServerCapabilities {
  /** Methods that are served, sorted. */
  methods: string[];
  /** Notifications that may be sent, also those that the host has opted out of. */
  notifications: string[];
  /** The framing in use: "lsp" or "ndjson". */
  framing: string;
  /** Always false: a batch is answered with one -32600. */
  batch: boolean;
  /** Limits of this process. */
  limits: Limits;
}

/** ServerInfo names this program. */
export interface ServerInfo {
  /** Always "signalbox". */
  name: string;
  /** Version of the program, not of the protocol. */
  version: string;
}

/** The params of window/showDocument, as in LSP. */
export interface ShowDocumentParams {
  /** The page. */
  uri: string;
  /** Always true: in a browser, not in the editor. */
  external: boolean;
}

/** The answer of the host. */
export interface ShowDocumentResult {
  /** The page is shown. */
  success: boolean;
}

/** The params of responses/started. */
export interface Started {
  /** The host's, or generated. */
  streamId: string;
  /** Id of the request, byte for byte. */
  requestId: string | number;
  /** Always 0. */
  seq: number;
  /** HTTP status of the upstream. */
  status: number;
  /**
   * Headers of the upstream by lower-case name: x-request-id, openai-*,
   * x-ratelimit-*, x-codex-*, retry-after.
   */
  headers: Headers;
  /** As far as it is known now. */
  evidence: Evidence;
}

/** How a response ended. */
export type Status = "completed" | "incomplete" | "failed" | "cancelled";

/** StatusRefresh says whether auth/status may refresh the login. */
export type StatusRefresh = "never" | "ifExpiring";

/**
 * UnsupportedPolicy says what becomes of a tuning parameter that the route does
 * not accept.
 */
export type UnsupportedPolicy = "refuse" | "drop";

/**
 * The error object of the upstream, with secrets masked and each text cut at
 * 512 bytes. What the upstream leaves out is absent. For 1106, an error inside
 * a 2xx response, it holds the upstream's own message.
 */
export interface UpstreamError {
  /** The type of the error. */
  type?: string;
  /** The code of the error. */
  code?: string;
  /** The message of the error. */
  message?: string;
  /** The parameter that the error is about. */
  param?: string;
}

/**
 * The result of limits/read and the params of limits/changed: what the backends
 * last said of their limits.
 */
export interface UsageLimits {
  /** Of the ChatGPT plan; null until its backend has said something. */
  chatgpt: ChatGPTLimits | null;
  /** Of the Platform key; null until the Platform has said something. */
  platform: PlatformLimits | null;
  /** Why a refresh brought nothing new, one sentence each; absent when it did. */
  warnings?: string[];
}

/** One window in which the usage of a ChatGPT plan is counted. */
export interface UsageWindow {
  /**
   * "primary" or "secondary"; those of a further limit are led by its name, as
   * in "codex_other_primary". Which one is the longer says windowMinutes, not
   * the name.
   */
  name: string;
  /** Used up to now, in percent of what the plan has. */
  usedPercent: number;
  /** Length of the window in minutes; null when not known. */
  windowMinutes: number | null;
  /** When it begins anew; null when not known. */
  resetsAt: string | null;
}

/** The params and the result of each method. Absent params may be left out. */
export interface Methods {
  /** Who is there: version, capabilities, limits and the login. */
  "initialize": { params: InitializeParams; result: InitializeResult };
  /** Answers {} at once, whatever else runs. */
  "ping": { params: undefined; result: Record<string, never> };
  /** Cancels what runs, and answers null after the cancelled replies. */
  "shutdown": { params: undefined; result: null };
  /**
   * Who the user is and which routes can be used. Never fails, never shows a
   * secret.
   */
  "auth/status": { params: AuthStatusParams; result: AuthStatus };
  /**
   * Logs the user in: with a browser, with a code on another device, or with an
   * API key.
   */
  "auth/login": { params: LoginParams; result: LoginResult };
  /**
   * Ends a browser login with the address that the browser has come to, on this
   * machine or another.
   */
  "auth/login/complete": { params: CompleteLoginParams; result: LoginResult };
  /** Ends the login that waits; its port is free when the answer comes. */
  "auth/login/cancel": { params: CancelLoginParams; result: CancelLoginResult };
  /** Forgets the login and the key, and tells the issuer. */
  "auth/logout": { params: LogoutParams; result: LogoutResult };
  /** Renews the tokens now, whether that is due or not. */
  "auth/refresh": { params: undefined; result: RefreshResult };
  /** Trades the login for a Platform key (RFC 8693), where there is none yet. */
  "auth/exchange": { params: undefined; result: ExchangeResult };
  /**
   * Where a model would go, or the error that responses/create would give. No
   * network call.
   */
  "routes/resolve": { params: ResolveParams; result: ResolveResult };
  /** A model call: section 4. */
  "responses/create": { params: CreateParams; result: CreateResult };
  /** Ends a response as a success with the status "cancelled". */
  "responses/cancel": { params: CancelStreamParams; result: CancelStreamResult };
  /** The models of both routes and whether they can be used now. Never fails. */
  "models/list": { params: ModelsListParams; result: ModelsListResult };
  /** What the backends last said of usage and rate limits. */
  "limits/read": { params: LimitsReadParams; result: UsageLimits };
  /**
   * How the process is: memory, what is in flight, what waits for the host to
   * read.
   */
  "server/diagnostics": { params: undefined; result: Diagnostics };
  /** What this process serves, as an OpenRPC document. */
  "rpc.discover": { params: undefined; result: Discovery };
}

/** The params of each notification to the host. */
export interface ServerNotifications {
  /** A login waits for its user. Always sent, also with wait:false. */
  "auth/loginPrompt": LoginPrompt;
  /**
   * The credentials have changed: by a login, a logout, a renewal or another
   * program. Only after an explicit initialize.
   */
  "auth/changed": AuthStatus;
  /** A login is over. */
  "auth/loginCompleted": LoginCompleted;
  /** The upstream has answered with a 2xx status. Not sent on any other answer. */
  "responses/started": Started;
  /** One event of the upstream. */
  "responses/event": Event;
  /** The response has ended: the last notification of its stream. */
  "responses/completed": Completed;
  /** What the backends say of their limits has changed; at most one a second. */
  "limits/changed": UsageLimits;
  /** A line of the log, for a host that declares capabilities.window.logMessage. */
  "window/logMessage": LogMessage;
}

/** The params of each notification from the host. */
export interface ClientNotifications {
  /** Ends a request with -32800. */
  "$/cancelRequest": CancelRequestParams;
  /** Ends the process. */
  "exit": undefined;
  /** Accepted, without effect. */
  "initialized": undefined;
  /** Accepted, without effect. */
  "$/setTrace": undefined;
  /** Accepted, without effect. */
  "workspace/didChangeConfiguration": undefined;
}

/** What signalbox asks of a host that has declared that it can answer. */
export interface ServerRequests {
  /**
   * Show a page in a browser, as in LSP, for a host that declares
   * capabilities.window.showDocument.support. An error, "success":false or no
   * answer within 5 s: the system's opener is tried.
   */
  "window/showDocument": { params: ShowDocumentParams; result: ShowDocumentResult };
}
