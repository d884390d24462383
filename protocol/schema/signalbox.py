"""The protocol of signalbox, version 1. Printed by "signalbox schema --lang python".

A later release may send more members, notifications and values: ignore what you
do not know, and treat an unknown kind of error by its code.
"""
from __future__ import annotations

from typing import Any, Dict, List, Literal, Optional, TypedDict, Union

# AccountMode decides the route of the models that no rule names.
AccountMode = Literal[
    "chatgpt",
    "apiKey",
]

# AuthState summarizes the credentials.
AuthState = Literal[
    "authenticated",
    "unauthenticated",
    "expired",
    "error",
]

# The kind of credential that a route needs.
CredentialKind = Literal[
    "chatgpt",
    "platformKey",
]

# CredentialSource says where a credential came from.
CredentialSource = Literal[
    "explicit_api_key",
    "env_openai_api_key",
    "env_oauth_access_token",
    "codex_auth_json_api_key",
    "codex_auth_json_oauth",
    "codex_keyring_api_key",
    "codex_keyring_oauth",
    "codex_token_exchange_api_key",
    "unknown",
]

# EventChoice says which events of a stream a host gets.
EventChoice = Literal[
    "all",
    "none",
]

# ExchangePolicy says whether a login exchanges its id_token for a Platform key
# (RFC 8693).
ExchangePolicy = Literal[
    "auto",
    "never",
    "require",
]

# The stable name of what went wrong. The list is closed per release; a client
# treats an unknown kind by its code.
Kind = Literal[
    "parse_error",
    "invalid_request",
    "method_not_found",
    "invalid_params",
    "internal_error",
    "not_initialized",
    "cancelled",
    "busy",
    "login_required",
    "credential_mismatch",
    "credential_store",
    "auth_unavailable",
    "login_failed",
    "exchange_failed",
    "unsupported_parameter",
    "upstream_rejected",
    "rate_limited",
    "upstream_unavailable",
    "stream_broken",
    "response_failed",
    "model_mismatch",
]

# The state of a login.
LoginStatus = Literal[
    "pending",
    "succeeded",
]

# ModelListSource says where a row of models/list comes from.
ModelListSource = Literal[
    "live",
    "cache",
    "static",
]

# ModelSource says what named the effective model.
ModelSource = Literal[
    "response.model",
    "openai-model",
    "unknown",
]

# Reason narrows a kind of error, and says why a credential, a route or a model
# cannot be used. The list is closed per release; ignore a reason that you do not
# know and go by the kind.
Reason = Literal[
    "too_large",
    "batch_unsupported",
    "duplicate_id",
    "charset",
    "duplicate_stream_id",
    "no_credentials",
    "token_expired",
    "token_rejected",
    "refresh_expired",
    "refresh_reused",
    "refresh_revoked",
    "account_changed",
    "wrong_kind",
    "missing_account_id",
    "account_mismatch",
    "pinned_route",
    "bad_override",
    "foreign_base_url",
    "foreign_issuer",
    "missing_organization",
    "invalid_id_token",
    "other",
    "corrupt",
    "unreadable",
    "keyring",
    "unsupported_store",
    "unsupported_auth_mode",
    "locked",
    "read_only",
    "bad_home",
    "not_owner",
    "hard_link",
    "in_use",
    "no_space",
    "write_failed",
    "not_remembered",
    "denied",
    "expired",
    "state_mismatch",
    "port_busy",
    "cancelled",
    "start_reused",
    "superseded",
    "code_exchange_failed",
    "device_disabled",
    "workspace_not_allowed",
    "connect",
    "dns",
    "tls",
    "proxy",
    "timeout",
    "server_error",
    "overloaded",
    "redirect",
    "rate_limited",
    "refused",
    "bad_answer",
    "model_unavailable",
    "context_length",
    "invalid_prompt",
    "not_found",
    "forbidden",
    "blocked",
    "usage_limit",
    "usage_not_included",
    "requests",
    "tokens",
    "quota",
    "cut",
    "idle",
    "bad_event",
    "no_terminal_event",
    "not_sse",
    "missing_events",
]

# The route that a host asks for.
RouteChoice = Literal[
    "auto",
    "chatgpt",
    "platform",
]

# RouteName names one of the two backends.
RouteName = Literal[
    "chatgpt",
    "platform",
]

# How a response ended.
Status = Literal[
    "completed",
    "incomplete",
    "failed",
    "cancelled",
]

# StatusRefresh says whether auth/status may refresh the login.
StatusRefresh = Literal[
    "never",
    "ifExpiring",
]

# UnsupportedPolicy says what becomes of a tuning parameter that the route does
# not accept.
UnsupportedPolicy = Literal[
    "refuse",
    "drop",
]

# A JSON-RPC error code. Hosts branch on ErrorData.Kind; the code groups the kinds
# and stays meaningful to clients that know only JSON-RPC or LSP.
Code = int

# The upstream's headers that a host may see, by lower-case name: x-request-id,
# openai-*, x-ratelimit-*, x-codex-*, retry-after.
Headers = Dict[str, str]

# A way to log in: one of "browser", "device" and "apiKey".
LoginMethod = str


class Account(TypedDict):
    """The account that the claims of the tokens name; null for what they leave
    out."""

    # E-mail address.
    email: Optional[str]
    # Plan, such as "plus"; new ones may appear.
    planType: Optional[str]
    # Id of the ChatGPT account.
    accountId: Optional[str]
    # Id of the user.
    userId: Optional[str]


class Adjustment(TypedDict):
    """One change that was made to the body or to the last event, or an option that
    had no effect."""

    # The member of the body, such as "input[0].role", "response.output" of the
    # last event, or "_meta.NAME".
    field: str
    # One of "set", "wrapped", "replaced", "dropped", "filled", "expanded",
    # "added" and "ignored".
    action: str
    # Why, in words.
    reason: str


class _Attempt(TypedDict):
    # HTTP status; null when no answer arrived.
    status: Optional[int]
    # From sending to the response headers or the failure, in milliseconds.
    duration_ms: int


class Attempt(_Attempt, total=False):
    """One HTTP request that was sent."""

    # Why there was no answer, or server_error for a 5xx: a reason of 1104, or
    # "cancelled".
    error_kind: Reason


class _AuthStatus(TypedDict):
    # The summary of the rest.
    state: AuthState
    # The route of the models that no rule names; null without a credential.
    mode: Optional[AccountMode]
    # The account of the access token; null when no token names it.
    account: Optional[Account]
    # The two credentials, present or not.
    credentials: CredentialStates
    # One row for each route: first chatgpt, then platform.
    routes: List[RouteState]
    # The file auth.json.
    file: FileState
    # Overrides in force: a base URL from the environment or a flag, a proxy
    # (its host and port), a file of authorities.
    overrides: List[Override]
    # One sentence each, for a person.
    warnings: List[str]


class AuthStatus(_AuthStatus, total=False):
    """The result of auth/status. It never shows a secret."""

    # The login in progress; absent when there is none.
    login: LoginPrompt


class AuthStatusParams(TypedDict, total=False):
    """The params of auth/status."""

    # Whether the login may be refreshed first.
    refresh: StatusRefresh


class CancelLoginParams(TypedDict, total=False):
    """The params of auth/login/cancel."""

    # The login; by default the one in progress.
    loginId: str


class CancelLoginResult(TypedDict):
    """The result of auth/login/cancel."""

    # "cancelled": its port is free again. "notFound": there is no such login,
    # it has ended, or it is being saved.
    status: str


class CancelRequestParams(TypedDict):
    """The params of $/cancelRequest."""

    # Id of the request, as it was sent. An unknown one is ignored.
    id: Union[str, float]


class CancelStreamParams(TypedDict):
    """The params of responses/cancel."""

    # Id of the stream.
    streamId: str


class CancelStreamResult(TypedDict):
    """The result of responses/cancel."""

    # "cancelling", or "notFound" when no live stream has the id.
    status: str


class _ChatGPTLimits(TypedDict):
    # When this was reported.
    observedAt: str
    # The windows in which usage is counted.
    windows: List[UsageWindow]


class ChatGPTLimits(_ChatGPTLimits, total=False):
    """What the ChatGPT backend said about the usage of a plan."""

    # The plan, as the backend names it.
    planType: str
    # Credits in addition to the plan; absent when the backend does not mention
    # them.
    credits: Credits


class _ChatGPTState(TypedDict):
    # There is one, whether it can be used or not.
    present: bool
    # Where it comes from; "unknown" when there is none.
    source: CredentialSource
    # When it expires; null when it does not say.
    expiresAt: Optional[str]
    # When it was last refreshed; null when not known.
    lastRefresh: Optional[str]
    # There is a refresh token for it.
    refreshable: bool


class ChatGPTState(_ChatGPTState, total=False):
    """The state of the OAuth access token."""

    # It is only in memory, because it could not be saved; saving is retried.
    unsaved: bool
    # Why it cannot be used: the reason that an error would have.
    reason: Reason


class ClientInfo(TypedDict, total=False):
    """ClientInfo names the host, as in LSP."""

    # Its name.
    name: str
    # Its version.
    version: str


class _CompleteLoginParams(TypedDict):
    # The login.
    loginId: str


class CompleteLoginParams(_CompleteLoginParams, total=False):
    """The params of auth/login/complete: loginId, and either redirectUrl or code
    and state."""

    # The whole address at which the browser ended up, even if it shows no page.
    redirectUrl: str
    # The parameter code of that address.
    code: str
    # The parameter state of that address.
    state: str


class _Completed(TypedDict):
    # As in responses/started.
    streamId: str
    # As in responses/started.
    requestId: Union[str, float]
    # One more than the last; 0 when there was no responses/started.
    seq: int
    # How the response ended.
    status: Status
    # The whole evidence.
    evidence: Evidence


class Completed(_Completed, total=False):
    """The params of responses/completed."""

    # The upstream's id of the response; absent when it named none.
    responseId: str
    # The error object of the reply; absent when the reply is a result.
    error: Error
    # The upstream's usage, byte for byte; absent when it reported none.
    usage: Dict[str, Any]


class CreateOptionsExpect(TypedDict, total=False):
    """expect of CreateOptions"""

    # The model that must answer, itself or a dated snapshot of it. Another one
    # is 1107 before the event that names it is delivered.
    model: str


class CreateOptions(TypedDict, total=False):
    """Our own options of responses/create, its member _meta. null means absent, a
    wrong type is -32602, unknown members are listed in evidence.adjustments."""

    # Id of the stream, unique among the live ones; by default a generated one.
    streamId: str
    # The route, for a model that is not pinned to one.
    route: RouteChoice
    # With stream, whether the host gets the events.
    events: EventChoice
    # Whether the last event of a stream gets the output that it lacks
    # (docs/protocol.md: Filling the output).
    fillOutput: bool
    # The conversation is remembered, so that a later request with memory may
    # name it; without effect on the Platform (docs/protocol.md: Memory of a
    # conversation).
    memory: bool
    # Limit for the whole request, in milliseconds. Without it there is none,
    # except 15 minutes without a stream on the Platform route.
    timeoutMs: int
    # How long a stream may be silent, in milliseconds; by default
    # --idle-timeout.
    idleTimeoutMs: int
    # What becomes of tuning parameters that the route does not accept.
    onUnsupported: UnsupportedPolicy
    # What the answer must be.
    expect: CreateOptionsExpect
    # Headers for the upstream: traceparent, tracestate, x-client-request-id and
    # idempotency-key; any other is -32602.
    headers: Dict[str, str]
    # The scenario of this request; only under --simulate.
    simulate: str


class _CreateParams(TypedDict):
    # The model. It decides the route and is never changed.
    model: str


class CreateParams(_CreateParams, total=False):
    """The params of responses/create: the body as the Responses API documents it,
    flat, and our own options. Of the body, these members also matter here."""

    # Deliver the events as they come. Both values work on both routes.
    stream: bool
    # Not supported: true is 1101 on both routes.
    background: bool
    # Our own options, removed before anything is sent.
    _meta: CreateOptions
    # and any other member of the body: see the Responses API


class _CreateResult(TypedDict):
    # As in responses/started.
    streamId: str
    # The upstream's id of the response; null when it named none.
    responseId: Optional[str]
    # How the response ended; never "failed".
    status: Status
    # As in responses/completed.
    evidence: Evidence
    # The upstream's usage, byte for byte; null when it reported none.
    usage: Optional[Dict[str, Any]]


class CreateResult(_CreateResult, total=False):
    """The result of responses/create."""

    # The upstream's response object, byte for byte, or assembled from a stream;
    # absent when the host gets the events, and when cancelled.
    response: Dict[str, Any]


class CredentialStates(TypedDict):
    """The two credentials, present or not."""

    # The OAuth access token.
    chatgpt: ChatGPTState
    # The Platform key.
    platform: PlatformState


class _Credits(TypedDict):
    # The account has credits.
    hasCredits: bool
    # The credits are unlimited.
    unlimited: bool


class Credits(_Credits, total=False):
    """What a ChatGPT account has in addition to its plan."""

    # The balance, as the backend writes it.
    balance: str


class Diagnostics(TypedDict):
    """The result of server/diagnostics."""

    # Process id.
    pid: int
    # Milliseconds since the process started to serve.
    uptimeMs: int
    # Resident memory in bytes; where the system does not report it, the memory
    # of the Go runtime.
    rssBytes: int
    # Goroutines that exist.
    goroutines: int
    # What has not been answered yet.
    inFlight: InFlight
    # What is waiting for the host to read.
    queue: Queue


class Discovery(TypedDict):
    """The result of rpc.discover: an OpenRPC document, version 1.3, for this
    release of signalbox. `signalbox schema` also prints it."""

    # Version of the OpenRPC specification.
    openrpc: str
    # The name and the version of this protocol.
    info: Dict[str, Any]
    # The methods, and the notifications from the host as methods without a
    # result.
    methods: List[Dict[str, Any]]
    # The types and the errors that the methods refer to.
    components: Dict[str, Any]
    # also: "x-serverNotifications"
    # also: "x-serverRequests"


class Error(TypedDict):
    """The error of a reply, and the only error type that crosses a package border.
    No text in it holds a secret, a body or a URL with a query."""

    # The code of the kind.
    code: Code
    # One sentence for a person.
    message: str
    # What a program needs.
    data: ErrorData


class _ErrorData(TypedDict):
    # The stable name of what went wrong.
    kind: Kind
    # The same request may succeed later, and no event was delivered.
    retryable: bool


class ErrorData(_ErrorData, total=False):
    """error.data. Only the members that belong to the kind are set."""

    # Narrows the kind.
    reason: Reason
    # What a person can do, as one imperative.
    action: str
    # How long to wait before that, in milliseconds; absent when not known.
    retryAfterMs: int
    # The upstream's own status; absent when none arrived.
    httpStatus: int
    # As in responses/started.
    headers: Headers
    # What the upstream says.
    upstream: UpstreamError
    # The stream of responses/create, once it has started.
    streamId: str
    # The member of params, or of auth.json, that is wrong, such as
    # "_meta.route".
    field: str
    # The unknown method.
    method: str
    # The nearest known methods.
    similar: List[str]
    # Repeated in the log, beside the stack of a panic.
    incidentId: str
    # The limit that was reached: a number of requests, or of bytes.
    limit: int
    # Protocol versions that initialize accepts.
    supported: List[int]
    # The kind of credential that the route needs.
    need: CredentialKind
    # The kinds that are present; may be empty.
    have: List[CredentialKind]
    # The login methods that would help, best first: "browser", "device",
    # "apiKey".
    loginMethods: List[str]
    # The route that refused a parameter, or that the model is pinned to.
    route: RouteName
    # The credential file that cannot be used.
    path: str
    # Events that the host got before the stream broke.
    eventsDelivered: int
    # When the limit ends; absent when not known.
    resetsAt: str
    # The ChatGPT plan, as the upstream names it.
    planType: str
    # The window of the plan's usage that is full: "primary" or "secondary".
    window: str
    # What is known of the call, once responses/create has started.
    evidence: Evidence


class Event(TypedDict):
    """The params of responses/event."""

    # As in responses/started.
    streamId: str
    # As in responses/started.
    requestId: Union[str, float]
    # Counts the notifications of the stream, without gaps.
    seq: int
    # The event, byte for byte; almost always an object.
    event: Any


class _Evidence(TypedDict):
    # The model of the request, as it was sent: it is never changed.
    requested_model: str
    # The model that the upstream says it used: its header openai-model, else
    # response.model. null when it says nothing; never copied from the request.
    effective_model: Optional[str]
    # Where the effective model was named.
    model_source: ModelSource
    # All models that the upstream named are the requested one or a dated
    # snapshot of it (MODEL-YYYY-MM-DD); null when it named none.
    model_match: Optional[bool]
    # Always "responses".
    api: str
    # The route; null when none could be chosen.
    route: Optional[RouteName]
    # Base URL of the route; null when no credential could be resolved for it.
    base_url: Optional[str]
    # Where the credential came from; "unknown" when none could be resolved.
    credential_source: CredentialSource
    # HTTP status of the answer that counts; null when none arrived.
    status: Optional[int]
    # The id by which OpenAI's support finds the request; null when the upstream
    # gave none.
    upstream_request_id: Optional[str]
    # Every HTTP request that was sent, in order, retries included.
    attempts: List[Attempt]
    # The credential was refreshed for this request.
    refreshed: bool
    # What was changed in the body, and options that had no effect.
    adjustments: List[Adjustment]
    # From the request to the response headers, in milliseconds; null before
    # them.
    ttfb_ms: Optional[int]
    # From the request to the first event, in milliseconds; null before it and
    # without a stream.
    first_event_ms: Optional[int]
    # From the request until now, in milliseconds.
    duration_ms: int


class Evidence(_Evidence, total=False):
    """Evidence says where an answer comes from: which model was asked for, which
    one the upstream says it used, over which route and with which credential."""

    # First 16 hexadecimal digits of the SHA-256 of the ChatGPT account id;
    # absent without one.
    account_id_hash: str
    # The traceparent of _meta.headers, which was passed upstream (W3C Trace
    # Context).
    traceparent: str
    # Codex client version declared; on the ChatGPT route only.
    client_version: str
    # Service tier that the upstream names.
    service_tier: str
    # The constraint of a region-bound workspace, sent as
    # x-openai-account-routing-override; absent without one.
    routing_override: str
    # What this answer said about the limits; absent when it said nothing.
    rate_limits: RateLimits


class ExchangeResult(TypedDict):
    """The result of auth/exchange."""

    # The key.
    credential: ExchangedKey


class ExchangedKey(TypedDict):
    """ExchangedKey describes a key without showing it."""

    # "codex_token_exchange_api_key", or the source of a key that the login
    # already had.
    source: CredentialSource
    # Its first 3 and last 4 characters; null when it is short.
    hint: Optional[str]


class FileState(TypedDict):
    """FileState describes auth.json."""

    # Where it is, or would be.
    path: str
    # Permissions in octal, such as "0600"; null when there is no file, and on
    # Windows.
    mode: Optional[str]
    # When it was last written; null when there is no file.
    modified: Optional[str]


class HostCapabilitiesGeneral(TypedDict, total=False):
    """general of HostCapabilities"""

    # The strings of what is sent to the host are well-formed Unicode: each
    # escape of a lone surrogate, such as \ud83d without the other half, is sent
    # as \ufffd. For hosts whose JSON parser refuses the whole message
    # otherwise.
    wellFormedStrings: bool


class HostCapabilitiesWindowShowDocument(TypedDict, total=False):
    """showDocument of HostCapabilitiesWindow"""

    # The host answers window/showDocument.
    support: bool


class HostCapabilitiesWindow(TypedDict, total=False):
    """window of HostCapabilities"""

    # How the host shows pages.
    showDocument: HostCapabilitiesWindowShowDocument
    # With true, or an object, the lines of the log are also sent as
    # window/logMessage.
    logMessage: Union[bool, Dict[str, Any]]


class HostCapabilities(TypedDict, total=False):
    """What a host can do: the members of LSP's ClientCapabilities that have a
    meaning here."""

    # What the host can read.
    general: HostCapabilitiesGeneral
    # What the host can do for its user.
    window: HostCapabilitiesWindow


class InFlight(TypedDict):
    """InFlight counts what has not been answered yet."""

    # Requests that count against maxRequests.
    requests: int
    # Responses in progress.
    streams: int
    # Bytes of the bodies that may still be sent upstream.
    bodyBytes: int


class InitializeParams(TypedDict, total=False):
    """The params of initialize. Members that are not listed have no effect and are
    named in ignoredOptions."""

    # The version that the host speaks: 1. Any other is -32602 with supported.
    protocolVersion: int
    # The host's process, as in LSP: when it has ended, signalbox ends. It is
    # watched if it is the parent of signalbox or another ancestor; else a
    # warning is logged. null: watch nothing. Absent: with Content-Length
    # headers, signalbox watches its parent.
    processId: Optional[int]
    # The host; not read so far.
    clientInfo: ClientInfo
    # What the host can do, as in LSP. Members of an unexpected type are
    # ignored.
    capabilities: HostCapabilities
    # Notifications that the host does not want, by exact name.
    optOutNotifications: List[str]


class InitializeResult(TypedDict):
    """The result of initialize."""

    # The version spoken from here on: 1.
    protocolVersion: int
    # This program.
    serverInfo: ServerInfo
    # What this process serves and sends.
    capabilities: ServerCapabilities
    # The result of auth/status, from file and environment only. Where the login
    # may be in the keyring, the state is "error" and the reason "keyring" until
    # auth/status has asked the keyring.
    auth: AuthStatus
    # Members of the params that had no effect.
    ignoredOptions: List[str]


class Limits(TypedDict):
    """Limits of this process."""

    # Largest message from the host, in bytes.
    maxMessageBytes: int
    # Requests in flight, not counting responses/create.
    maxRequests: int
    # responses/create in flight.
    maxStreams: int
    # Largest event of the upstream, and largest response that is not streamed,
    # in bytes.
    maxEventBytes: int


class LimitsReadParams(TypedDict, total=False):
    """The params of limits/read."""

    # Ask the usage endpoint of the ChatGPT backend once before answering; the
    # Platform has no such endpoint.
    refresh: bool


class LogMessage(TypedDict):
    """window/logMessage, as in LSP."""

    # 1 error, 2 warning, 3 info, 4 debug.
    type: int
    # The line, without prompts and secrets.
    message: str


class _LoginCompleted(TypedDict):
    # Names the login.
    loginId: str
    # The credentials are stored, and everything that was required succeeded.
    success: bool


class LoginCompleted(_LoginCompleted, total=False):
    """auth/loginCompleted: the login has ended."""

    # Why it failed: the error of the reply.
    error: Error
    # The result of auth/status; absent when nothing has changed.
    auth: AuthStatus


class _LoginParams(TypedDict):
    # "browser", "device" or "apiKey".
    method: LoginMethod


class LoginParams(_LoginParams, total=False):
    """The params of auth/login."""

    # The key, only for the method apiKey. A key that is blank, has line breaks
    # or "Bearer " in front, or is an access token is -32602.
    apiKey: str
    # Save the key in auth.json; otherwise it is for this process only.
    persist: bool
    # Answer when the login has ended (the default), or at once.
    wait: bool
    # How long to wait for the user, in milliseconds; 600000 by default. A
    # device code expires after 15 minutes.
    timeoutMs: int
    # Open the browser (the default), through the host if it declares
    # window.showDocument, else through the system.
    openBrowser: bool
    # Ports for the callback on loopback, of which the first free one is used;
    # [1455, 1457] by default. 0 is any port. With an empty list nothing
    # listens, and auth/login/complete ends the login.
    ports: List[int]
    # Whether the id_token is exchanged for a Platform key.
    exchange: ExchangePolicy
    # Log in although auth.json cannot be read; its content is kept in a backup.
    replace: bool


class _LoginPrompt(TypedDict):
    # Names the login.
    loginId: str
    # "browser" or "device".
    method: str
    # When the login expires.
    expiresAt: str


class LoginPrompt(_LoginPrompt, total=False):
    """auth/loginPrompt: what the user has to see. auth/status repeats it while the
    login is in progress."""

    # The page for the browser; only for a browser login.
    authUrl: str
    # Where the user enters the code; only for a device login.
    verificationUrl: str
    # The same with the code in it, if the issuer has such a page; it has none
    # so far.
    verificationUrlComplete: str
    # The code that the user enters there.
    userCode: str


class _LoginResult(TypedDict):
    # Names the login.
    loginId: str
    # "pending" with wait:false.
    status: LoginStatus


class LoginResult(_LoginResult, total=False):
    """The result of auth/login and auth/login/complete."""

    # The page for the browser; only for a pending browser login.
    authUrl: str
    # Where the user enters the code; only for a pending device login.
    verificationUrl: str
    # The code that the user enters there.
    userCode: str
    # When a pending login expires.
    expiresAt: str
    # The result of auth/status after the login.
    auth: AuthStatus


class LogoutParams(TypedDict, total=False):
    """The params of auth/logout."""

    # Also revoke the tokens at the issuer (the default); false: only forget
    # them on this machine.
    revoke: bool


class LogoutResult(TypedDict):
    """The result of auth/logout."""

    # The result of auth/status after the logout; credentials in the environment
    # still count.
    auth: AuthStatus
    # Something was stored or held in memory, and is forgotten now.
    removed: bool


class _Model(TypedDict):
    # The model of responses/create.
    id: str
    # The route.
    route: RouteName
    # Always "responses".
    api: str
    # Base URL of the route; empty when its override is refused.
    base_url: str
    # It can be used on this route now, according to the credential and the list
    # of the backend.
    available: bool
    # Not meant to be offered to people.
    hidden: bool
    # Where the row comes from.
    source: ModelListSource


class Model(_Model, total=False):
    """One model on one route."""

    # Why not: the reason of the error that a request would get, such as
    # "no_credentials", "pinned_route", "model_unavailable" (it asks for a newer
    # client) or "usage_not_included" (in the plan).
    reason: Reason
    # The name for people.
    name: str
    # Limit of input and output together, in tokens.
    contextWindow: int
    # Limit of the output, in tokens.
    maxOutputTokens: int
    # What the input may be, such as "text" and "image".
    inputModalities: List[str]
    # The model can call functions; absent when not known.
    toolCalling: bool
    # What reasoning.effort may be.
    efforts: List[str]


class ModelsListParams(TypedDict, total=False):
    """The params of models/list."""

    # Ask both backends and wait for them. Otherwise the answer comes at once
    # from what is known, and what is missing is asked for in the background.
    refresh: bool


class ModelsListResult(TypedDict):
    """The result of models/list."""

    # One row for each model and route. The pinned models come first and are
    # always listed.
    models: List[Model]
    # What could not be found out, one sentence each.
    warnings: List[str]


class Override(TypedDict):
    """A setting that replaces a default of the program."""

    # The variable or the flag.
    name: str
    # Its value.
    value: str
    # Where it was set: "flag" or "environment".
    source: str


class PlatformLimits(TypedDict):
    """What the Platform said about the rate limits of a key."""

    # When this was reported.
    observedAt: str
    # Limit of requests; null when not reported.
    requests: Optional[Quota]
    # Limit of tokens; null when not reported.
    tokens: Optional[Quota]


class _PlatformState(TypedDict):
    # There is one, whether it can be used or not.
    present: bool
    # Where it comes from; "unknown" when there is none.
    source: CredentialSource
    # Its first 3 and last 4 characters; null when it is short, unusable or
    # absent.
    hint: Optional[str]


class PlatformState(_PlatformState, total=False):
    """The state of the Platform key."""

    # Why it cannot be used: the reason that an error would have.
    reason: Reason


class Queue(TypedDict):
    """What is waiting for the host to read."""

    # Bytes that have not been written yet.
    bytes: int


class Quota(TypedDict):
    """One rate limit of the Platform."""

    # The whole quota; null when not known.
    limit: Optional[int]
    # How much is left; null when not known.
    remaining: Optional[int]
    # When the whole quota is available again, in milliseconds from observedAt;
    # null when not known.
    resetMs: Optional[int]


class _RateCredits(TypedDict):
    # As in limits/read.
    has_credits: bool
    # As in limits/read.
    unlimited: bool


class RateCredits(_RateCredits, total=False):
    """Credits in evidence."""

    # As in limits/read.
    balance: str


class RateLimits(TypedDict, total=False):
    """evidence.rate_limits: what this answer said about the limits."""

    # The ChatGPT plan, as the backend names it.
    plan_type: str
    # The windows of the ChatGPT plan; absent on the Platform route.
    windows: List[RateWindow]
    # Credits in addition to the plan.
    credits: RateCredits
    # The limit of requests of the Platform.
    requests: RateQuota
    # The limit of tokens of the Platform.
    tokens: RateQuota


class RateQuota(TypedDict):
    """A Quota in evidence."""

    # As in limits/read.
    limit: Optional[int]
    # As in limits/read.
    remaining: Optional[int]
    # As in limits/read.
    reset_ms: Optional[int]


class RateWindow(TypedDict):
    """A UsageWindow in evidence."""

    # As in limits/read.
    name: str
    # As in limits/read.
    used_percent: float
    # As in limits/read.
    window_minutes: Optional[int]
    # As in limits/read.
    resets_at: Optional[str]


class RefreshResult(TypedDict):
    """The result of auth/refresh."""

    # There are new tokens.
    refreshed: bool
    # The result of auth/status after the refresh.
    auth: AuthStatus


class _ResolveParams(TypedDict):
    # The model.
    model: str


class ResolveParams(_ResolveParams, total=False):
    """The params of routes/resolve."""

    # As _meta.route of responses/create.
    route: RouteChoice


class ResolveResult(TypedDict):
    """The result of routes/resolve."""

    # As in the params.
    model: str
    # Where it goes.
    route: RouteName
    # Always "responses".
    api: str
    # Base URL of the route.
    base_url: str
    # Where the credential comes from.
    credential_source: CredentialSource
    # What chose the route: "pinned", "pattern", "mode" or "request".
    rule: str


class _RouteState(TypedDict):
    # The route.
    route: RouteName
    # Always "responses".
    api: str
    # Where its requests go; empty when an override is refused.
    base_url: str
    # A request would be sent.
    available: bool
    # Where its credential comes from; "unknown" when it is not available.
    credential_source: CredentialSource


class RouteState(_RouteState, total=False):
    """RouteState says whether a route can be used now."""

    # Why it is not available: the reason that an error would have.
    reason: Reason


class ServerCapabilities(TypedDict):
    """ServerCapabilities say what this process can do."""

    # Methods that are served, sorted.
    methods: List[str]
    # Notifications that may be sent, also those that the host has opted out of.
    notifications: List[str]
    # The framing in use: "lsp" or "ndjson".
    framing: str
    # Always false: the answer to a batch is one -32600.
    batch: bool
    # Limits of this process.
    limits: Limits


class ServerInfo(TypedDict):
    """ServerInfo names this program."""

    # Always "signalbox".
    name: str
    # Version of the program, not of the protocol.
    version: str


class ShowDocumentParams(TypedDict):
    """The params of window/showDocument, as in LSP."""

    # The page. It works in one browser: open it once, and do not fetch it
    # before.
    uri: str
    # Always true: in a browser, not in the editor.
    external: bool


class ShowDocumentResult(TypedDict):
    """The answer of the host."""

    # The page is shown.
    success: bool


class Started(TypedDict):
    """The params of responses/started."""

    # The stream id of the host, or a generated one.
    streamId: str
    # Id of the request, byte for byte.
    requestId: Union[str, float]
    # Always 0.
    seq: int
    # HTTP status of the upstream.
    status: int
    # Headers of the upstream by lower-case name: x-request-id, openai-*,
    # x-ratelimit-*, x-codex-*, retry-after.
    headers: Headers
    # What is known now.
    evidence: Evidence


class UpstreamError(TypedDict, total=False):
    """The error object of the upstream, with secrets masked and each text cut at
    512 bytes. What the upstream leaves out is absent. For 1106, an error inside
    a 2xx response, it holds the upstream's own message."""

    # The type of the error.
    type: str
    # The code of the error.
    code: str
    # The message of the error.
    message: str
    # The parameter that the error is about.
    param: str


class _UsageLimits(TypedDict):
    # Limits of the ChatGPT plan; null until its backend has reported them.
    chatgpt: Optional[ChatGPTLimits]
    # Limits of the Platform key; null until the Platform has reported them.
    platform: Optional[PlatformLimits]


class UsageLimits(_UsageLimits, total=False):
    """The result of limits/read and the params of limits/changed: what the
    backends last said about their limits."""

    # Why usage could not be refreshed, one sentence each; absent when it could.
    warnings: List[str]


class UsageWindow(TypedDict):
    """One window in which the usage of a ChatGPT plan is counted."""

    # "primary" or "secondary"; the windows of an additional limit have its name
    # in front, as in "codex_other_primary". windowMinutes, not the name, says
    # which is longer.
    name: str
    # How much of the plan has been used, in percent.
    usedPercent: float
    # Length of the window in minutes; null when not known.
    windowMinutes: Optional[int]
    # When the next window begins; null when not known.
    resetsAt: Optional[str]

# The methods.
Method = Literal[
    "initialize",  # InitializeParams -> InitializeResult
    "ping",
    "shutdown",
    "auth/status",  # AuthStatusParams -> AuthStatus
    "auth/login",  # LoginParams -> LoginResult
    "auth/login/complete",  # CompleteLoginParams -> LoginResult
    "auth/login/cancel",  # CancelLoginParams -> CancelLoginResult
    "auth/logout",  # LogoutParams -> LogoutResult
    "auth/refresh",  # RefreshResult
    "auth/exchange",  # ExchangeResult
    "routes/resolve",  # ResolveParams -> ResolveResult
    "responses/create",  # CreateParams -> CreateResult
    "responses/cancel",  # CancelStreamParams -> CancelStreamResult
    "models/list",  # ModelsListParams -> ModelsListResult
    "limits/read",  # LimitsReadParams -> UsageLimits
    "server/diagnostics",  # Diagnostics
    "rpc.discover",  # Discovery
]

# The notifications to the host.
ServerNotification = Literal[
    "auth/loginPrompt",  # LoginPrompt
    "auth/changed",  # AuthStatus
    "auth/loginCompleted",  # LoginCompleted
    "responses/started",  # Started
    "responses/event",  # Event
    "responses/completed",  # Completed
    "limits/changed",  # UsageLimits
    "window/logMessage",  # LogMessage
]

# What is asked of a host that has declared that it can answer.
ServerRequest = Literal[
    "window/showDocument",  # ShowDocumentParams -> ShowDocumentResult
]

# The notifications from the host.
ClientNotification = Literal[
    "$/cancelRequest",  # CancelRequestParams
    "exit",
    "initialized",
    "$/setTrace",
    "workspace/didChangeConfiguration",
]
