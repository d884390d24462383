package protocol

import "encoding/json"

// InitializeParams are the params of initialize. Members that are not listed
// have no effect and are named in ignoredOptions.
type InitializeParams struct {
	// The version that the host speaks: 1. Any other is -32602 with supported.
	ProtocolVersion *int `json:"protocolVersion,omitempty" min:"1" max:"1"`
	// The host's process, as in LSP: when it has ended, signalbox ends. It is watched if it is the parent of signalbox or another ancestor; else a warning is logged. null: watch nothing. Absent: with Content-Length headers, signalbox watches its parent.
	ProcessID HostProcess `json:"processId,omitempty" min:"1" doc:"processId,integer or null"`
	// The host; not read so far.
	ClientInfo json.RawMessage `json:"clientInfo,omitempty" doc:"clientInfo,[ClientInfo](#clientinfo)"`
	// What the host can do, as in LSP. Members of an unexpected type are ignored.
	Capabilities json.RawMessage `json:"capabilities,omitempty" doc:"capabilities,[HostCapabilities](#hostcapabilities)"`
	// Notifications that the host does not want, by exact name.
	OptOutNotifications []string `json:"optOutNotifications,omitempty"`
	// Unknown members, which have no effect, whatever their value.
	Unknown []string `json:"-" null:"listed"`
}

// HostProcess is the id of the host's process; 0 when the host says nothing.
type HostProcess int

// NoHostProcess is null: there is no process to watch.
const NoHostProcess HostProcess = -1

// Null returns what null means, which is not the same as absent.
func (HostProcess) Null() HostProcess { return NoHostProcess }

// ClientInfo names the host, as in LSP.
type ClientInfo struct {
	// Its name.
	Name string `json:"name,omitempty"`
	// Its version.
	Version string `json:"version,omitempty"`
}

// HostCapabilities are what a host can do: the members of LSP's
// ClientCapabilities that have a meaning here.
type HostCapabilities struct {
	// What the host can read.
	General struct {
		// The strings of what is sent to the host are well-formed Unicode: each
		// escape of a lone surrogate, such as \ud83d without the other half, is sent as
		// \ufffd. For hosts whose JSON parser refuses the whole message otherwise.
		WellFormedStrings bool `json:"wellFormedStrings,omitempty"`
	} `json:"general,omitzero"`
	// What the host can do for its user.
	Window struct {
		// How the host shows pages.
		ShowDocument struct {
			// The host answers window/showDocument.
			Support bool `json:"support,omitempty"`
		} `json:"showDocument,omitzero"`
		// With true, or an object, the lines of the log are also sent as
		// window/logMessage.
		LogMessage json.RawMessage `json:"logMessage,omitempty" doc:"logMessage,boolean or object"`
	} `json:"window,omitzero"`
}

// InitializeResult is the result of initialize.
type InitializeResult struct {
	// The version spoken from here on: 1.
	ProtocolVersion int `json:"protocolVersion"`
	// This program.
	ServerInfo ServerInfo `json:"serverInfo"`
	// What this process serves and sends.
	Capabilities ServerCapabilities `json:"capabilities"`
	// The result of auth/status, from file and environment only. Where the login may be in the keyring, the state is "error" and the reason "keyring" until auth/status has asked the keyring.
	Auth AuthStatus `json:"auth"`
	// Members of the params that had no effect.
	IgnoredOptions []string `json:"ignoredOptions"`
}

// ServerInfo names this program.
type ServerInfo struct {
	// Always "signalbox".
	Name string `json:"name"`
	// Version of the program, not of the protocol.
	Version string `json:"version"`
}

// ServerCapabilities say what this process can do.
type ServerCapabilities struct {
	// Methods that are served, sorted.
	Methods []string `json:"methods"`
	// Notifications that may be sent, also those that the host has opted out of.
	Notifications []string `json:"notifications"`
	// The framing in use: "lsp" or "ndjson".
	Framing string `json:"framing"`
	// Always false: the answer to a batch is one -32600.
	Batch bool `json:"batch"`
	// Limits of this process.
	Limits Limits `json:"limits"`
}

// Limits of this process.
type Limits struct {
	// Largest message from the host, in bytes.
	MaxMessageBytes int64 `json:"maxMessageBytes"`
	// Requests in flight, not counting responses/create.
	MaxRequests int `json:"maxRequests"`
	// responses/create in flight.
	MaxStreams int `json:"maxStreams"`
	// Largest event of the upstream, and largest response that is not streamed, in bytes.
	MaxEventBytes int64 `json:"maxEventBytes"`
}

// CancelRequestParams are the params of $/cancelRequest.
type CancelRequestParams struct {
	// Id of the request, as it was sent. An unknown one is ignored.
	ID json.RawMessage `json:"id" doc:"id,string or number"`
}

// Diagnostics is the result of server/diagnostics.
type Diagnostics struct {
	// Process id.
	PID int `json:"pid"`
	// Milliseconds since the process started to serve.
	UptimeMs int64 `json:"uptimeMs"`
	// Resident memory in bytes; where the system does not report it, the memory of the Go runtime.
	RSSBytes int64 `json:"rssBytes"`
	// Goroutines that exist.
	Goroutines int `json:"goroutines"`
	// What has not been answered yet.
	InFlight InFlight `json:"inFlight"`
	// What is waiting for the host to read.
	Queue Queue `json:"queue"`
}

// InFlight counts what has not been answered yet.
type InFlight struct {
	// Requests that count against maxRequests.
	Requests int64 `json:"requests"`
	// Responses in progress.
	Streams int `json:"streams"`
	// Bytes of the bodies that may still be sent upstream.
	BodyBytes int64 `json:"bodyBytes"`
}

// Queue is what is waiting for the host to read.
type Queue struct {
	// Bytes that have not been written yet.
	Bytes int64 `json:"bytes"`
}

// LogMessage is window/logMessage, as in LSP.
type LogMessage struct {
	// 1 error, 2 warning, 3 info, 4 debug.
	Type int `json:"type"`
	// The line, without prompts and secrets.
	Message string `json:"message"`
}

// Discovery is the result of rpc.discover: an OpenRPC document, version 1.3, for
// this release of signalbox. `signalbox schema` also prints it.
type Discovery struct {
	// Version of the OpenRPC specification.
	OpenRPC string `json:"openrpc"`
	// The name and the version of this protocol.
	Info json.RawMessage `json:"info" doc:"info,object"`
	// The methods, and the notifications from the host as methods without a result.
	Methods json.RawMessage `json:"methods" doc:"methods,list of objects"`
	// The types and the errors that the methods refer to.
	Components json.RawMessage `json:"components" doc:"components,object"`
	// The notifications to the host, described as methods without a result: OpenRPC
	// has no place for them.
	ServerNotifications json.RawMessage `json:"x-serverNotifications" doc:"x-serverNotifications,list of objects"`
	// The requests to a host that has declared that it can answer them.
	ServerRequests json.RawMessage `json:"x-serverRequests" doc:"x-serverRequests,list of objects"`
}
