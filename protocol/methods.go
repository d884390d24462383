package protocol

// Message is one row of the tables of methods and notifications.
type Message struct {
	Name string
	// Params and Result are values of their types; nil: none, and a result null.
	Params, Result any
}

// Methods are what a host may call.
var Methods = []Message{
	{MethodInitialize, InitializeParams{}, InitializeResult{}},
	{MethodPing, nil, struct{}{}},
	{MethodShutdown, nil, nil},
	{MethodAuthStatus, AuthStatusParams{}, AuthStatus{}},
	{MethodLogin, LoginParams{}, LoginResult{}},
	{MethodLoginComplete, CompleteLoginParams{}, LoginResult{}},
	{MethodLoginCancel, CancelLoginParams{}, CancelLoginResult{}},
	{MethodLogout, LogoutParams{}, LogoutResult{}},
	{MethodRefresh, nil, RefreshResult{}},
	{MethodExchange, nil, ExchangeResult{}},
	{MethodRoutesResolve, ResolveParams{}, ResolveResult{}},
	{MethodResponsesCreate, CreateParams{}, CreateResult{}},
	{MethodResponsesCancel, CancelStreamParams{}, CancelStreamResult{}},
	{MethodModelsList, ModelsListParams{}, ModelsListResult{}},
	{MethodLimitsRead, LimitsReadParams{}, UsageLimits{}},
	{MethodDiagnostics, nil, Diagnostics{}},
	{MethodDiscover, nil, Discovery{}},
}

// ServerNotifications are the notifications to the host.
var ServerNotifications = []Message{
	{Name: NotificationLoginPrompt, Params: LoginPrompt{}},
	{Name: NotificationAuthChanged, Params: AuthStatus{}},
	{Name: NotificationLoginCompleted, Params: LoginCompleted{}},
	{Name: NotificationStarted, Params: Started{}},
	{Name: NotificationEvent, Params: Event{}},
	{Name: NotificationCompleted, Params: Completed{}},
	{Name: NotificationLimitsChanged, Params: UsageLimits{}},
	{Name: NotificationLogMessage, Params: LogMessage{}},
}

// ServerRequests are the requests to a host that has declared that it can answer
// them.
var ServerRequests = []Message{
	{RequestShowDocument, ShowDocumentParams{}, ShowDocumentResult{}},
}

// ClientNotifications are the notifications from the host; any other is ignored.
var ClientNotifications = []Message{
	{Name: NotificationCancelRequest, Params: CancelRequestParams{}},
	{Name: NotificationExit},
	{Name: NotificationInitialized},
	{Name: NotificationSetTrace},
	{Name: NotificationDidChangeConfiguration},
}

// The names of the methods.
const (
	// Begins the conversation: version, capabilities, limits and the login.
	MethodInitialize = "initialize"
	// Answers {} at once, whatever else is running.
	MethodPing = "ping"
	// Cancels everything in flight, and answers null after the cancelled replies.
	MethodShutdown = "shutdown"
	// Reports who the user is and which routes can be used. Never fails, never shows a secret.
	MethodAuthStatus = "auth/status"
	// Logs the user in: with a browser, with a code on another device, or with an API key.
	MethodLogin = "auth/login"
	// Completes a browser login with the address at which the browser ended up, on this machine or another.
	MethodLoginComplete = "auth/login/complete"
	// Cancels the login in progress; its port is free when the answer comes.
	MethodLoginCancel = "auth/login/cancel"
	// Forgets the login and the key, and revokes the tokens.
	MethodLogout = "auth/logout"
	// Refreshes the tokens now, even if they have not expired.
	MethodRefresh = "auth/refresh"
	// Exchanges the login for a Platform key (RFC 8693), if there is none yet.
	MethodExchange = "auth/exchange"
	// Returns the route of a model, or the error that responses/create would return. No network call.
	MethodRoutesResolve = "routes/resolve"
	// Calls a model.
	MethodResponsesCreate = "responses/create"
	// Ends a response as a success with the status "cancelled".
	MethodResponsesCancel = "responses/cancel"
	// Lists the models of both routes and whether they can be used now. Never fails.
	MethodModelsList = "models/list"
	// Returns what the backends last said about usage and rate limits.
	MethodLimitsRead = "limits/read"
	// Reports the state of the process: memory, what is in flight, what is waiting for the host to read.
	MethodDiagnostics = "server/diagnostics"
	// Returns what this process serves, as an OpenRPC document.
	MethodDiscover = "rpc.discover"
)

// The names of the requests to the host.
const (
	// Show a page in a browser, as in LSP, for a host that declares capabilities.window.showDocument.support. After an error, "success":false or 5 s without an answer the system's opener is tried.
	RequestShowDocument = "window/showDocument"
)

// The names of the notifications.
const (
	// A login is waiting for its user. Always sent, also with wait:false.
	NotificationLoginPrompt = "auth/loginPrompt"
	// The credentials have changed, by a login, a logout, a refresh or another program. Only after an explicit initialize.
	NotificationAuthChanged = "auth/changed"
	// A login has ended.
	NotificationLoginCompleted = "auth/loginCompleted"
	// The upstream has answered with a 2xx status. Not sent on any other answer.
	NotificationStarted = "responses/started"
	// One event of the upstream.
	NotificationEvent = "responses/event"
	// The response has ended: the last notification of its stream.
	NotificationCompleted = "responses/completed"
	// What the backends say about their limits has changed; at most one a second.
	NotificationLimitsChanged = "limits/changed"
	// A line of the log, for a host that declares capabilities.window.logMessage.
	NotificationLogMessage = "window/logMessage"

	// Ends a request with -32800.
	NotificationCancelRequest = "$/cancelRequest"
	// Ends the process.
	NotificationExit = "exit"
	// Accepted; has no effect.
	NotificationInitialized = "initialized"
	// Accepted; has no effect.
	NotificationSetTrace = "$/setTrace"
	// Accepted; has no effect.
	NotificationDidChangeConfiguration = "workspace/didChangeConfiguration"
)
