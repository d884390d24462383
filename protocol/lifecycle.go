package protocol

import "encoding/json"

// InitializeParams are the params of initialize; every member is optional.
type InitializeParams struct {
	ProtocolVersion *int `json:"protocolVersion"`
	// ProcessID is the host's process: when it is gone, so are we. null: do not
	// watch.
	ProcessID  *int `json:"processId"`
	ClientInfo struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	} `json:"clientInfo"`
	Capabilities ClientCapabilities `json:"capabilities"`
	// OptOutNotifications lists notifications that the host does not want, by
	// exact name.
	OptOutNotifications []string `json:"optOutNotifications"`
}

// ClientCapabilities of the host; absent means no.
type ClientCapabilities struct {
	Window struct {
		ShowDocument struct {
			Support bool `json:"support"`
		} `json:"showDocument"`
		LogMessage json.RawMessage `json:"logMessage"`
	} `json:"window"`
}

// InitializeResult is the result of initialize.
type InitializeResult struct {
	ProtocolVersion int                `json:"protocolVersion"`
	ServerInfo      ServerInfo         `json:"serverInfo"`
	Capabilities    ServerCapabilities `json:"capabilities"`
	Auth            AuthStatus         `json:"auth"`
	// IgnoredOptions names the members of the params that had no effect.
	IgnoredOptions []string `json:"ignoredOptions"`
}

// ServerInfo names this program.
type ServerInfo struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// ServerCapabilities spare a host probing by error code.
type ServerCapabilities struct {
	Methods       []string `json:"methods"`
	Notifications []string `json:"notifications"`
	// Framing in use: "lsp" or "ndjson".
	Framing string `json:"framing"`
	// Batch is always false: a batch is answered with one -32600.
	Batch  bool   `json:"batch"`
	Limits Limits `json:"limits"`
}

// Limits of this process.
type Limits struct {
	// MaxMessageBytes of one message from the host.
	MaxMessageBytes int64 `json:"maxMessageBytes"`
	// MaxRequests in flight, apart from responses/create.
	MaxRequests int `json:"maxRequests"`
	// MaxStreams of responses/create in flight.
	MaxStreams int `json:"maxStreams"`
	// MaxEventBytes of one event of the upstream.
	MaxEventBytes int64 `json:"maxEventBytes"`
}

// CancelRequestParams are the params of $/cancelRequest.
type CancelRequestParams struct {
	ID json.RawMessage `json:"id"`
}
