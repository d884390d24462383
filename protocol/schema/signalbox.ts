// The protocol of signalbox, version 1. Printed by `signalbox schema --lang typescript`.
// A later release may send more members, notifications and values: ignore what you
// do not know, and treat an unknown kind of error by its code.

/** The account that the claims of the tokens name; null for what they leave out. */
export interface Account {
  /** E-mail address. */
  email: string | null;
  /** Plan, such as "plus"; new ones may appear. */
  planType: string | null;
  /** Id of the ChatGPT account. */
  accountId: string | null;
  /** Id of the user. */
  userId: string | null;
}

/** AccountMode decides the route of the models that no rule names. */
export type AccountMode = "chatgpt" | "apiKey";

/**
 * One change that was made to the body or to the last event, or an option that
 * had no effect.
 */
export interface Adjustment {
  /**
   * The member of the body, such as "input[0].role", "response.output" of the
   * last event, or "_meta.NAME".
   */
  field: string;
  /**
   * One of "set", "wrapped", "replaced", "dropped", "filled", "expanded",
   * "added" and "ignored".
   */
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

/** AuthState summarizes the credentials. */
export type AuthState = "authenticated"
  | "unauthenticated"
  | "expired"
  | "error";

/** The result of auth/status. It never shows a secret. */
export interface AuthStatus {
  /** The summary of the rest. */
  state: AuthState;
  /** The route of the models that no rule names; null without a credential. */
  mode: AccountMode | null;
  /** The account of the access token; null when no token names it. */
  account: Account | null;
  /** The two credentials, present or not. */
  credentials: CredentialStates;
  /** One row for each route: first chatgpt, then platform. */
  routes: RouteState[];
  /** The file auth.json. */
  file: FileState;
  /** The login in progress; absent when there is none. */
  login?: LoginPrompt;
  /**
   * Overrides in force: a base URL from the environment or a flag, a proxy (its
   * host and port), a file of authorities.
   */
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
  /** The login; by default the one in progress. */
  loginId?: string;
}

/** The result of auth/login/cancel. */
export interface CancelLoginResult {
  /**
   * "cancelled": its port is free again. "notFound": there is no such login, it
   * has ended, or it is being saved.
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

/** What the ChatGPT backend said about the usage of a plan. */
export interface ChatGPTLimits {
  /** When this was reported. */
  observedAt: string;
  /** The plan, as the backend names it. */
  planType?: string;
  /** The windows in which usage is counted. */
  windows: UsageWindow[];
  /**
   * Credits in addition to the plan; absent when the backend does not mention
   * them.
   */
  credits?: Credits;
}

/** The state of the OAuth access token. */
export interface ChatGPTState {
  /** There is one, whether it can be used or not. */
  present: boolean;
  /** Where it comes from; "unknown" when there is none. */
  source: CredentialSource;
  /** When it expires; null when it does not say. */
  expiresAt: string | null;
  /** When it was last refreshed; null when not known. */
  lastRefresh: string | null;
  /** There is a refresh token for it. */
  refreshable: boolean;
  /** It is only in memory, because it could not be saved; saving is retried. */
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
 * The params of auth/login/complete: loginId, and either redirectUrl or code
 * and state.
 */
export interface CompleteLoginParams {
  /** The login. */
  loginId: string;
  /** The whole address at which the browser ended up, even if it shows no page. */
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
  /** The upstream's id of the response; absent when it named none. */
  responseId?: string;
  /** The whole evidence. */
  evidence: Evidence;
  /** The error object of the reply; absent when the reply is a result. */
  error?: Error;
  /** The upstream's usage, byte for byte; absent when it reported none. */
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
   * Whether the last event of a stream gets the output that it lacks
   * (docs/protocol.md: Filling the output).
   */
  fillOutput?: boolean;
  /**
   * The conversation is remembered, so that a later request with memory may
   * name it; without effect on the Platform (docs/protocol.md: Memory of a
   * conversation).
   */
  memory?: boolean;
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
 * flat, and our own options. Of the body, these members also matter here.
 */
export interface CreateParams {
  /** The model. It decides the route and is never changed. */
  model: string;
  /** Deliver the events as they come. Both values work on both routes. */
  stream?: boolean;
  /** Not supported: true is 1101 on both routes. */
  background?: boolean;
  /** Our own options, removed before anything is sent. */
  _meta?: CreateOptions;
  [member: string]: unknown;
}

/** The result of responses/create. */
export interface CreateResult {
  /** As in responses/started. */
  streamId: string;
  /** The upstream's id of the response; null when it named none. */
  responseId: string | null;
  /** How the response ended; never "failed". */
  status: Status;
  /** As in responses/completed. */
  evidence: Evidence;
  /** The upstream's usage, byte for byte; null when it reported none. */
  usage: Record<string, unknown> | null;
  /**
   * The upstream's response object, byte for byte, or assembled from a stream;
   * absent when the host gets the events, and when cancelled.
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

/** What a ChatGPT account has in addition to its plan. */
export interface Credits {
  /** The account has credits. */
  hasCredits: boolean;
  /** The credits are unlimited. */
  unlimited: boolean;
  /** The balance, as the backend writes it. */
  balance?: string;
}

/** The result of server/diagnostics. */
export interface Diagnostics {
  /** Process id. */
  pid: number;
  /** Milliseconds since the process started to serve. */
  uptimeMs: number;
  /**
   * Resident memory in bytes; where the system does not report it, the memory
   * of the Go runtime.
   */
  rssBytes: number;
  /** Goroutines that exist. */
  goroutines: number;
  /** What has not been answered yet. */
  inFlight: InFlight;
  /** What is waiting for the host to read. */
  queue: Queue;
}

/**
 * The result of rpc.discover: an OpenRPC document, version 1.3, for this
 * release of signalbox. `signalbox schema` also prints it.
 */
export interface Discovery {
  /** Version of the OpenRPC specification. */
  openrpc: string;
  /** The name and the version of this protocol. */
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
   * OpenRPC has no place for them.
   */
  "x-serverNotifications": Record<string, unknown>[];
  /** The requests to a host that has declared that it can answer them. */
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
 * Evidence says where an answer comes from: which model was asked for, which
 * one the upstream says it used, over which route and with which credential.
 */
export interface Evidence {
  /** The model of the request, as it was sent: it is never changed. */
  requested_model: string;
  /**
   * The model that the upstream says it used: its header openai-model, else
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
  /** The route; null when none could be chosen. */
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
  /** The credential was refreshed for this request. */
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
  /** What this answer said about the limits; absent when it said nothing. */
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
 * ExchangePolicy says whether a login exchanges its id_token for a Platform key
 * (RFC 8693).
 */
export type ExchangePolicy = "auto" | "never" | "require";

/** The result of auth/exchange. */
export interface ExchangeResult {
  /** The key. */
  credential: ExchangedKey;
}

/** ExchangedKey describes a key without showing it. */
export interface ExchangedKey {
  /**
   * "codex_token_exchange_api_key", or the source of a key that the login
   * already had.
   */
  source: CredentialSource;
  /** Its first 3 and last 4 characters; null when it is short. */
  hint: string | null;
}

/** FileState describes auth.json. */
export interface FileState {
  /** Where it is, or would be. */
  path: string;
  /**
   * Permissions in octal, such as "0600"; null when there is no file, and on
   * Windows.
   */
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
  /** What the host can read. */
  general?: {
    /**
     * The strings of what is sent to the host are well-formed Unicode: each
     * escape of a lone surrogate, such as \ud83d without the other half, is
     * sent as \ufffd. For hosts whose JSON parser refuses the whole message
     * otherwise.
     */
    wellFormedStrings?: boolean;
  };
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
  /** Responses in progress. */
  streams: number;
  /** Bytes of the bodies that may still be sent upstream. */
  bodyBytes: number;
}

/**
 * The params of initialize. Members that are not listed have no effect and are
 * named in ignoredOptions.
 */
export interface InitializeParams {
  /** The version that the host speaks: 1. Any other is -32602 with supported. */
  protocolVersion?: number;
  /**
   * The host's process, as in LSP: when it has ended, signalbox ends. It is
   * watched if it is the parent of signalbox or another ancestor; else a
   * warning is logged. null: watch nothing. Absent: with Content-Length
   * headers, signalbox watches its parent.
   */
  processId?: number | null;
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
   * The result of auth/status, from file and environment only. Where the login
   * may be in the keyring, the state is "error" and the reason "keyring" until
   * auth/status has asked the keyring.
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
  /** Requests in flight, not counting responses/create. */
  maxRequests: number;
  /** responses/create in flight. */
  maxStreams: number;
  /**
   * Largest event of the upstream, and largest response that is not streamed,
   * in bytes.
   */
  maxEventBytes: number;
}

/** The params of limits/read. */
export interface LimitsReadParams {
  /**
   * Ask the usage endpoint of the ChatGPT backend once before answering; the
   * Platform has no such endpoint.
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

/** auth/loginCompleted: the login has ended. */
export interface LoginCompleted {
  /** Names the login. */
  loginId: string;
  /** The credentials are stored, and everything that was required succeeded. */
  success: boolean;
  /** Why it failed: the error of the reply. */
  error?: Error;
  /** The result of auth/status; absent when nothing has changed. */
  auth?: AuthStatus;
}

/** A way to log in: one of "browser", "device" and "apiKey". */
export type LoginMethod = string;

/** The params of auth/login. */
export interface LoginParams {
  /** "browser", "device" or "apiKey". */
  method: LoginMethod;
  /**
   * The key, only for the method apiKey. A key that is blank, has line breaks
   * or "Bearer " in front, or is an access token is -32602.
   */
  apiKey?: string;
  /** Save the key in auth.json; otherwise it is for this process only. */
  persist?: boolean;
  /** Answer when the login has ended (the default), or at once. */
  wait?: boolean;
  /**
   * How long to wait for the user, in milliseconds; 600000 by default. A device
   * code expires after 15 minutes.
   */
  timeoutMs?: number;
  /**
   * Open the browser (the default), through the host if it declares
   * window.showDocument, else through the system.
   */
  openBrowser?: boolean;
  /**
   * Ports for the callback on loopback, of which the first free one is used;
   * [1455, 1457] by default. 0 is any port. With an empty list nothing listens,
   * and auth/login/complete ends the login.
   */
  ports?: number[];
  /** Whether the id_token is exchanged for a Platform key. */
  exchange?: ExchangePolicy;
  /** Log in although auth.json cannot be read; its content is kept in a backup. */
  replace?: boolean;
}

/**
 * auth/loginPrompt: what the user has to see. auth/status repeats it while the
 * login is in progress.
 */
export interface LoginPrompt {
  /** Names the login. */
  loginId: string;
  /** "browser" or "device". */
  method: string;
  /** The page for the browser; only for a browser login. */
  authUrl?: string;
  /** Where the user enters the code; only for a device login. */
  verificationUrl?: string;
  /**
   * The same with the code in it, if the issuer has such a page; it has none so
   * far.
   */
  verificationUrlComplete?: string;
  /** The code that the user enters there. */
  userCode?: string;
  /** When the login expires. */
  expiresAt: string;
}

/** The result of auth/login and auth/login/complete. */
export interface LoginResult {
  /** Names the login. */
  loginId: string;
  /** "pending" with wait:false. */
  status: LoginStatus;
  /** The page for the browser; only for a pending browser login. */
  authUrl?: string;
  /** Where the user enters the code; only for a pending device login. */
  verificationUrl?: string;
  /** The code that the user enters there. */
  userCode?: string;
  /** When a pending login expires. */
  expiresAt?: string;
  /** The result of auth/status after the login. */
  auth?: AuthStatus;
}

/** The state of a login. */
export type LoginStatus = "pending" | "succeeded";

/** The params of auth/logout. */
export interface LogoutParams {
  /**
   * Also revoke the tokens at the issuer (the default); false: only forget them
   * on this machine.
   */
  revoke?: boolean;
}

/** The result of auth/logout. */
export interface LogoutResult {
  /**
   * The result of auth/status after the logout; credentials in the environment
   * still count.
   */
  auth: AuthStatus;
  /** Something was stored or held in memory, and is forgotten now. */
  removed: boolean;
}

/** One model on one route. */
export interface Model {
  /** The model of responses/create. */
  id: string;
  /** The route. */
  route: RouteName;
  /** Always "responses". */
  api: string;
  /** Base URL of the route; empty when its override is refused. */
  base_url: string;
  /**
   * It can be used on this route now, according to the credential and the list
   * of the backend.
   */
  available: boolean;
  /**
   * Why not: the reason of the error that a request would get, such as
   * "no_credentials", "pinned_route", "model_unavailable" (it asks for a newer
   * client) or "usage_not_included" (in the plan).
   */
  reason?: Reason;
  /** The name for people. */
  name?: string;
  /** Limit of input and output together, in tokens. */
  contextWindow?: number;
  /** Limit of the output, in tokens. */
  maxOutputTokens?: number;
  /** What the input may be, such as "text" and "image". */
  inputModalities?: string[];
  /** The model can call functions; absent when not known. */
  toolCalling?: boolean;
  /** What reasoning.effort may be. */
  efforts?: string[];
  /** Not meant to be offered to people. */
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
   * Ask both backends and wait for them. Otherwise the answer comes at once
   * from what is known, and what is missing is asked for in the background.
   */
  refresh?: boolean;
}

/** The result of models/list. */
export interface ModelsListResult {
  /**
   * One row for each model and route. The pinned models come first and are
   * always listed.
   */
  models: Model[];
  /** What could not be found out, one sentence each. */
  warnings: string[];
}

/** A setting that replaces a default of the program. */
export interface Override {
  /** The variable or the flag. */
  name: string;
  /** Its value. */
  value: string;
  /** Where it was set: "flag" or "environment". */
  source: string;
}

/** What the Platform said about the rate limits of a key. */
export interface PlatformLimits {
  /** When this was reported. */
  observedAt: string;
  /** Limit of requests; null when not reported. */
  requests: Quota | null;
  /** Limit of tokens; null when not reported. */
  tokens: Quota | null;
}

/** The state of the Platform key. */
export interface PlatformState {
  /** There is one, whether it can be used or not. */
  present: boolean;
  /** Where it comes from; "unknown" when there is none. */
  source: CredentialSource;
  /**
   * Its first 3 and last 4 characters; null when it is short, unusable or
   * absent.
   */
  hint: string | null;
  /** Why it cannot be used: the reason that an error would have. */
  reason?: Reason;
}

/** What is waiting for the host to read. */
export interface Queue {
  /** Bytes that have not been written yet. */
  bytes: number;
}

/** One rate limit of the Platform. */
export interface Quota {
  /** The whole quota; null when not known. */
  limit: number | null;
  /** How much is left; null when not known. */
  remaining: number | null;
  /**
   * When the whole quota is available again, in milliseconds from observedAt;
   * null when not known.
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

/** evidence.rate_limits: what this answer said about the limits. */
export interface RateLimits {
  /** The ChatGPT plan, as the backend names it. */
  plan_type?: string;
  /** The windows of the ChatGPT plan; absent on the Platform route. */
  windows?: RateWindow[];
  /** Credits in addition to the plan. */
  credits?: RateCredits;
  /** The limit of requests of the Platform. */
  requests?: RateQuota;
  /** The limit of tokens of the Platform. */
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
  | "bad_home"
  | "not_owner"
  | "hard_link"
  | "in_use"
  | "no_space"
  | "write_failed"
  | "not_remembered"
  | "denied"
  | "expired"
  | "state_mismatch"
  | "port_busy"
  | "cancelled"
  | "start_reused"
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
  | "not_sse"
  | "missing_events";

/** The result of auth/refresh. */
export interface RefreshResult {
  /** There are new tokens. */
  refreshed: boolean;
  /** The result of auth/status after the refresh. */
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

/** ServerCapabilities say what this process can do. */
export interface ServerCapabilities {
  /** Methods that are served, sorted. */
  methods: string[];
  /** Notifications that may be sent, also those that the host has opted out of. */
  notifications: string[];
  /** The framing in use: "lsp" or "ndjson". */
  framing: string;
  /** Always false: the answer to a batch is one -32600. */
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
  /**
   * The page. It works in one browser: open it once, and do not fetch it
   * before.
   */
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
  /** The stream id of the host, or a generated one. */
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
  /** What is known now. */
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
 * last said about their limits.
 */
export interface UsageLimits {
  /** Limits of the ChatGPT plan; null until its backend has reported them. */
  chatgpt: ChatGPTLimits | null;
  /** Limits of the Platform key; null until the Platform has reported them. */
  platform: PlatformLimits | null;
  /** Why usage could not be refreshed, one sentence each; absent when it could. */
  warnings?: string[];
}

/** One window in which the usage of a ChatGPT plan is counted. */
export interface UsageWindow {
  /**
   * "primary" or "secondary"; the windows of an additional limit have its name
   * in front, as in "codex_other_primary". windowMinutes, not the name, says
   * which is longer.
   */
  name: string;
  /** How much of the plan has been used, in percent. */
  usedPercent: number;
  /** Length of the window in minutes; null when not known. */
  windowMinutes: number | null;
  /** When the next window begins; null when not known. */
  resetsAt: string | null;
}

/** The params and the result of each method. Absent params may be left out. */
export interface Methods {
  /** Begins the conversation: version, capabilities, limits and the login. */
  "initialize": { params: InitializeParams; result: InitializeResult };
  /** Answers {} at once, whatever else is running. */
  "ping": { params: undefined; result: Record<string, never> };
  /** Cancels everything in flight, and answers null after the cancelled replies. */
  "shutdown": { params: undefined; result: null };
  /**
   * Reports who the user is and which routes can be used. Never fails, never
   * shows a secret.
   */
  "auth/status": { params: AuthStatusParams; result: AuthStatus };
  /**
   * Logs the user in: with a browser, with a code on another device, or with an
   * API key.
   */
  "auth/login": { params: LoginParams; result: LoginResult };
  /**
   * Completes a browser login with the address at which the browser ended up,
   * on this machine or another.
   */
  "auth/login/complete": { params: CompleteLoginParams; result: LoginResult };
  /** Cancels the login in progress; its port is free when the answer comes. */
  "auth/login/cancel": { params: CancelLoginParams; result: CancelLoginResult };
  /** Forgets the login and the key, and revokes the tokens. */
  "auth/logout": { params: LogoutParams; result: LogoutResult };
  /** Refreshes the tokens now, even if they have not expired. */
  "auth/refresh": { params: undefined; result: RefreshResult };
  /** Exchanges the login for a Platform key (RFC 8693), if there is none yet. */
  "auth/exchange": { params: undefined; result: ExchangeResult };
  /**
   * Returns the route of a model, or the error that responses/create would
   * return. No network call.
   */
  "routes/resolve": { params: ResolveParams; result: ResolveResult };
  /** Calls a model. */
  "responses/create": { params: CreateParams; result: CreateResult };
  /** Ends a response as a success with the status "cancelled". */
  "responses/cancel": { params: CancelStreamParams; result: CancelStreamResult };
  /**
   * Lists the models of both routes and whether they can be used now. Never
   * fails.
   */
  "models/list": { params: ModelsListParams; result: ModelsListResult };
  /** Returns what the backends last said about usage and rate limits. */
  "limits/read": { params: LimitsReadParams; result: UsageLimits };
  /**
   * Reports the state of the process: memory, what is in flight, what is
   * waiting for the host to read.
   */
  "server/diagnostics": { params: undefined; result: Diagnostics };
  /** Returns what this process serves, as an OpenRPC document. */
  "rpc.discover": { params: undefined; result: Discovery };
}

/** The params of each notification to the host. */
export interface ServerNotifications {
  /** A login is waiting for its user. Always sent, also with wait:false. */
  "auth/loginPrompt": LoginPrompt;
  /**
   * The credentials have changed, by a login, a logout, a refresh or another
   * program. Only after an explicit initialize.
   */
  "auth/changed": AuthStatus;
  /** A login has ended. */
  "auth/loginCompleted": LoginCompleted;
  /** The upstream has answered with a 2xx status. Not sent on any other answer. */
  "responses/started": Started;
  /** One event of the upstream. */
  "responses/event": Event;
  /** The response has ended: the last notification of its stream. */
  "responses/completed": Completed;
  /** What the backends say about their limits has changed; at most one a second. */
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
  /** Accepted; has no effect. */
  "initialized": undefined;
  /** Accepted; has no effect. */
  "$/setTrace": undefined;
  /** Accepted; has no effect. */
  "workspace/didChangeConfiguration": undefined;
}

/** What signalbox asks of a host that has declared that it can answer. */
export interface ServerRequests {
  /**
   * Show a page in a browser, as in LSP, for a host that declares
   * capabilities.window.showDocument.support. After an error, "success":false
   * or 5 s without an answer the system's opener is tried.
   */
  "window/showDocument": { params: ShowDocumentParams; result: ShowDocumentResult };
}
