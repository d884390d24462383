package protocol

// Message is one row of the tables of methods and notifications.
type Message struct {
	Name string
	// Params and Result are values of their types; nil: none, and a result null.
	Params, Result any
}

// Methods that a host may call.
var Methods = []Message{
	{MethodInitialize, InitializeParams{}, InitializeResult{}},
	{MethodPing, nil, struct{}{}},
	{MethodShutdown, nil, nil},
	{MethodAuthStatus, AuthStatusParams{}, AuthStatus{}},
	{MethodRoutesResolve, ResolveParams{}, ResolveResult{}},
	{MethodResponsesCreate, CreateParams{}, CreateResult{}},
	{MethodResponsesCancel, CancelStreamParams{}, CancelStreamResult{}},
	{MethodModelsList, ModelsListParams{}, ModelsListResult{}},
	{MethodLimitsRead, LimitsReadParams{}, UsageLimits{}},
	{MethodDiagnostics, nil, Diagnostics{}},
	{MethodDiscover, nil, Discovery{}},
}

// ServerNotifications are those to the host.
var ServerNotifications = []Message{
	{Name: NotificationStarted, Params: Started{}},
	{Name: NotificationEvent, Params: Event{}},
	{Name: NotificationCompleted, Params: Completed{}},
	{Name: NotificationLimitsChanged, Params: UsageLimits{}},
	{Name: NotificationLogMessage, Params: LogMessage{}},
}

// ClientNotifications are those from the host; any other is ignored.
var ClientNotifications = []Message{
	{Name: NotificationCancelRequest, Params: CancelRequestParams{}},
	{Name: NotificationExit},
	{Name: NotificationInitialized},
	{Name: NotificationSetTrace},
	{Name: NotificationDidChangeConfiguration},
}

// The names of the methods.
const (
	// Who is there: version, capabilities, limits and the login.
	MethodInitialize = "initialize"
	// Answers {} at once, whatever else runs.
	MethodPing = "ping"
	// Cancels what runs, and answers null after the cancelled replies.
	MethodShutdown = "shutdown"
	// Who the user is and which routes can be used. Never fails, never shows a secret.
	MethodAuthStatus = "auth/status"
	// Where a model would go, or the error that responses/create would give. No network call.
	MethodRoutesResolve = "routes/resolve"
	// A model call: section 4.
	MethodResponsesCreate = "responses/create"
	// Ends a response as a success with the status "cancelled".
	MethodResponsesCancel = "responses/cancel"
	// The models of both routes and whether they can be used now. Never fails.
	MethodModelsList = "models/list"
	// What the backends last said of usage and rate limits.
	MethodLimitsRead = "limits/read"
	// How the process is: memory, what is in flight, what waits for the host to read.
	MethodDiagnostics = "server/diagnostics"
	// What this process serves, as an OpenRPC document.
	MethodDiscover = "rpc.discover"
)

// The names of the notifications.
const (
	// The upstream has answered with a 2xx status. Not sent on any other answer.
	NotificationStarted = "responses/started"
	// One event of the upstream.
	NotificationEvent = "responses/event"
	// The response has ended: the last notification of its stream.
	NotificationCompleted = "responses/completed"
	// What the backends say of their limits has changed; at most one a second.
	NotificationLimitsChanged = "limits/changed"
	// A line of the log, for a host that declares capabilities.window.logMessage.
	NotificationLogMessage = "window/logMessage"

	// Ends a request with -32800.
	NotificationCancelRequest = "$/cancelRequest"
	// Ends the process.
	NotificationExit = "exit"
	// Accepted, without effect.
	NotificationInitialized = "initialized"
	// Accepted, without effect.
	NotificationSetTrace = "$/setTrace"
	// Accepted, without effect.
	NotificationDidChangeConfiguration = "workspace/didChangeConfiguration"
)
