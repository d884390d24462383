package protocol

import "encoding/json"

// InitializeParams are the params of initialize. Members that are not listed
// have no effect and are named in ignoredOptions.
type InitializeParams struct {
	// The version that the host speaks: 1. Another one is -32602 with supported.
	ProtocolVersion *int `json:"protocolVersion,omitempty" min:"1" max:"1"`
	// The host's process: when it is gone, so are we. null or absent: not watched.
	ProcessID *int `json:"processId,omitempty" min:"1"`
	// The host; not read so far.
	ClientInfo json.RawMessage `json:"clientInfo,omitempty" doc:"clientInfo,[ClientInfo](#clientinfo)"`
	// What the host can do, as in LSP. Members of an unexpected type are ignored.
	Capabilities json.RawMessage `json:"capabilities,omitempty" doc:"capabilities,[HostCapabilities](#hostcapabilities)"`
	// Notifications that the host does not want, by exact name.
	OptOutNotifications []string `json:"optOutNotifications,omitempty"`
	// Unknown members, which have no effect.
	Unknown []string `json:"-"`
}

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
	// As auth/status answers it, from file and environment only. Where the login may be in the keyring, the state is "error" and the reason "keyring" until auth/status has asked for it.
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

// ServerCapabilities spare a host probing by error code.
type ServerCapabilities struct {
	// Methods that are served, sorted.
	Methods []string `json:"methods"`
	// Notifications that may be sent, also those that the host has opted out of.
	Notifications []string `json:"notifications"`
	// The framing in use: "lsp" or "ndjson".
	Framing string `json:"framing"`
	// Always false: a batch is answered with one -32600.
	Batch bool `json:"batch"`
	// Limits of this process.
	Limits Limits `json:"limits"`
}

// Limits of this process.
type Limits struct {
	// Largest message from the host, in bytes.
	MaxMessageBytes int64 `json:"maxMessageBytes"`
	// Requests in flight, apart from responses/create.
	MaxRequests int `json:"maxRequests"`
	// responses/create in flight.
	MaxStreams int `json:"maxStreams"`
	// Largest event of the upstream, and largest response without a stream, in bytes.
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
	// Milliseconds since the process began to serve.
	UptimeMs int64 `json:"uptimeMs"`
	// Resident memory in bytes; where the system does not tell, what the Go runtime has taken from it.
	RSSBytes int64 `json:"rssBytes"`
	// Goroutines that exist.
	Goroutines int `json:"goroutines"`
	// What has not been answered yet.
	InFlight InFlight `json:"inFlight"`
	// What waits for the host to read.
	Queue Queue `json:"queue"`
}

// InFlight counts what has not been answered yet.
type InFlight struct {
	// Requests that count against maxRequests.
	Requests int64 `json:"requests"`
	// Responses that run.
	Streams int `json:"streams"`
	// Bytes of the bodies that may still be sent upstream.
	BodyBytes int64 `json:"bodyBytes"`
}

// Queue is what waits for the host to read.
type Queue struct {
	// Bytes that are not in the pipe yet.
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
// this release of signalbox. `signalbox schema` prints it, too.
type Discovery struct {
	// Version of the OpenRPC specification.
	OpenRPC string `json:"openrpc"`
	// Name and version of this protocol.
	Info json.RawMessage `json:"info" doc:"info,object"`
	// The methods, and the notifications from the host as methods without a result.
	Methods json.RawMessage `json:"methods" doc:"methods,list of objects"`
	// The types and the errors that the methods refer to.
	Components json.RawMessage `json:"components" doc:"components,object"`
	// The notifications to the host, described as methods without a result:
	// OpenRPC itself has no place for them.
	ServerNotifications json.RawMessage `json:"x-serverNotifications" doc:"x-serverNotifications,list of objects"`
	// What is asked of a host that has declared that it can answer.
	ServerRequests json.RawMessage `json:"x-serverRequests" doc:"x-serverRequests,list of objects"`
}
