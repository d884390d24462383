// Package protocol holds what goes over the pipe between a host and
// signalbox: methods, params, results, notifications, errors and evidence.
// It is the one page to read first; the prose twin is docs/protocol.md.
//
// # Methods
//
//	initialize                  InitializeParams -> InitializeResult
//	ping                        -> {}
//	shutdown                    -> null
//	auth/status                 -> AuthStatus
//	routes/resolve              ResolveParams -> ResolveResult
//	responses/create            the Responses API body + CreateMeta -> CreateResult
//	responses/cancel            CancelStreamParams -> CancelStreamResult
//
// # Notifications from the host
//
//	$/cancelRequest             CancelRequestParams
//	exit
//	initialized, $/setTrace, workspace/didChangeConfiguration (accepted, without effect)
//
// # Notifications to the host
//
//	responses/started           Started
//	responses/event             streamId, requestId, seq and the upstream's event, byte for byte
//	responses/completed         Completed
//
// # Naming
//
// Fields of our own are camelCase. Objects that describe an exchange with
// OpenAI (evidence, upstream) and the fields base_url and credential_source are
// snake_case, like that API. Every time is an RFC 3339 UTC string, every
// duration an integer of milliseconds.
//
// All types are plain values, safe to copy and to read from several goroutines.
package protocol

// Version is the protocol version that initialize negotiates. Within it,
// fields, methods, notifications, kinds, reasons and enum values may be added.
const Version = 1

// Methods and notifications, in the order of the package comment.
const (
	MethodInitialize      = "initialize"
	MethodPing            = "ping"
	MethodShutdown        = "shutdown"
	MethodAuthStatus      = "auth/status"
	MethodRoutesResolve   = "routes/resolve"
	MethodResponsesCreate = "responses/create"
	MethodResponsesCancel = "responses/cancel"

	NotificationCancelRequest          = "$/cancelRequest"
	NotificationExit                   = "exit"
	NotificationInitialized            = "initialized"
	NotificationSetTrace               = "$/setTrace"
	NotificationDidChangeConfiguration = "workspace/didChangeConfiguration"

	NotificationStarted   = "responses/started"
	NotificationEvent     = "responses/event"
	NotificationCompleted = "responses/completed"
)
