package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/signalbox-dev/signalbox/auth"
	"github.com/signalbox-dev/signalbox/engine/memory"
	"github.com/signalbox-dev/signalbox/internal/mask"
	"github.com/signalbox-dev/signalbox/internal/transport"
	"github.com/signalbox-dev/signalbox/protocol"
)

// Defaults of Config.
const (
	DefaultOriginator = "signalbox"
	// DefaultClientVersion is the Codex client version that we declare ourselves
	// compatible with; the ChatGPT backend gates models by it.
	DefaultClientVersion = "0.169.0"
	// DefaultIdleTimeout between two reads of a stream.
	DefaultIdleTimeout = 300 * time.Second
	// MaxEventBytes of one event, and of a response that is not streamed to the
	// host.
	MaxEventBytes = 32 << 20
)

// The waits that no Config changes (docs/protocol.md: Errors and retries).
const (
	// firstBackoff is doubled for each further retry, with 10 % jitter.
	firstBackoff = 200 * time.Millisecond
	// headerTimeout until the response headers, when we ask for a stream; it
	// starts again with each piece of the body that is taken.
	headerTimeout = 60 * time.Second
	// bodyTimeout of a whole unstreamed Platform request.
	bodyTimeout = 15 * time.Minute
	// refusalTimeout bounds reading the body of an answer that is not 2xx: its
	// status is the news, and a body that never ends must not hold it up.
	refusalTimeout = 5 * time.Second
	// errorGrace: a top-level error event ends the stream this much later, unless
	// a terminal event decides before.
	errorGrace = 5 * time.Second
)

// Config of an Engine; empty members get the defaults above.
type Config struct {
	Credentials *auth.Manager
	// Mask is for what the upstream says; the Credentials share it. nil: an empty
	// one.
	Mask *mask.Masker
	// ChatGPTBaseURL and PlatformBaseURL without a slash at the end.
	ChatGPTBaseURL, PlatformBaseURL string
	// Version of signalbox.
	Version       string
	ClientVersion string
	Originator    string
	// Organization and Project of the Platform; "" sends no header.
	Organization, Project string
	IdleTimeout           time.Duration
	// Transport for all requests; nil: one with the defaults.
	Transport http.RoundTripper
}

// waits are the constants above and those of the lookups; tests shorten them.
type waits struct {
	firstBackoff, headers, body, refusal, grace, lookup, workspace time.Duration
}

// Engine makes model calls. Safe for concurrent use.
type Engine struct {
	cfg     Config
	session func() string
	waits   waits

	// largeBuffers of events above the common size, as *[]byte.
	largeBuffers sync.Pool

	workspaces                    workspaces
	limits                        limits
	chatgptModels, platformModels catalogue
	memory                        memory.Memory
}

// New returns an engine. It opens no connection.
func New(cfg Config) *Engine {
	cfg.ClientVersion = cmp.Or(cfg.ClientVersion, DefaultClientVersion)
	cfg.Originator = cmp.Or(cfg.Originator, DefaultOriginator)
	cfg.IdleTimeout = cmp.Or(cfg.IdleTimeout, DefaultIdleTimeout)
	if cfg.Mask == nil {
		cfg.Mask = new(mask.Masker)
	}
	if cfg.Transport == nil {
		cfg.Transport = transport.New(transport.Options{})
	}
	return &Engine{
		cfg: cfg,
		// At the first request: randomness takes a part of the start of a process.
		session: sync.OnceValue(func() string { return newSessionID(time.Now()) }),
		waits:   waits{firstBackoff, headerTimeout, bodyTimeout, refusalTimeout, errorGrace, lookupTimeout, workspaceWait},
	}
}

// Sink takes what comes of one request, on the goroutine of Create.
type Sink interface {
	// Started: the upstream has answered 2xx.
	Started(status int, headers protocol.Headers, evidence protocol.Evidence)
	// Event takes one event, valid until it returns: one checked JSON value.
	// breaks says that a line-based reader would stumble over it. It blocks
	// while the host does not read, until ctx ends; its error ends the stream and
	// is what Create returns.
	Event(ctx context.Context, event []byte, breaks bool) error
	// Flush is called before a read that may block.
	Flush()
	// SendingAgain is called before the pause that precedes another attempt.
	SendingAgain(Retry)
}

// Retry is why a request is sent again, and when.
type Retry struct {
	// Attempt that follows, of at most Of; the first request is attempt 1.
	Attempt, Of int
	// Pause before it.
	Pause time.Duration
	// Status of the answer before, or 0; Reason says why there was none, or that it
	// was a server error.
	Status int
	Reason protocol.Reason
	// UpstreamRequestID of the answer before, or "".
	UpstreamRequestID string
}

// Result is what a response came to. Evidence is always set, also beside an
// error.
type Result struct {
	// Status is empty when the response did not come to an end.
	Status     protocol.Status
	ResponseID string
	Usage      json.RawMessage
	// Response object, when the host did not ask for the events.
	Response json.RawMessage
	Evidence protocol.Evidence
}

// Resolve returns the route that Create would take and the source of its
// credential, without any network call. Its errors are those of Create.
func (e *Engine) Resolve(ctx context.Context, model string, wanted protocol.RouteName) (protocol.ResolveResult, error) {
	route, err := e.route(ctx, model, wanted)
	if err != nil {
		return protocol.ResolveResult{}, err
	}
	target, err := e.peek(ctx, route.Name)
	if err != nil {
		return protocol.ResolveResult{}, err
	}
	return protocol.ResolveResult{
		Model: model, Route: route.Name, API: protocol.API, BaseURL: target.baseURL,
		CredentialSource: target.source, Rule: route.Rule,
	}, nil
}

// route chooses the route of a model. An error about credentials names those that
// exist.
func (e *Engine) route(ctx context.Context, model string, wanted protocol.RouteName) (Route, error) {
	route, err := resolve(ctx, model, wanted, e.cfg.Credentials.Mode)
	if known, ok := errors.AsType[*protocol.Error](err); ok && known.Data.Need != "" {
		known.Data.Have = e.have(ctx)
	}
	return route, err
}

// have lists the kinds of credential that exist.
func (e *Engine) have(ctx context.Context) []protocol.CredentialKind {
	have := []protocol.CredentialKind{}
	there := e.cfg.Credentials.Status(ctx).Credentials
	if there.ChatGPT.Present && there.ChatGPT.Reason != protocol.ReasonWrongKind {
		have = append(have, protocol.CredentialChatGPT)
	}
	if there.Platform.Present && there.Platform.Reason != protocol.ReasonWrongKind {
		have = append(have, protocol.CredentialPlatformKey)
	}
	return have
}

// target is a route with its credential.
type target struct {
	route     protocol.RouteName
	baseURL   string
	source    protocol.CredentialSource
	accountID string
	authorize func(http.Header)
	// login is the credential of the chatgpt route, which may be refreshed, and key
	// the credential of the platform route.
	login auth.ChatGPTCredential
	key   auth.PlatformCredential
}

// target resolves the credential of a route: the credential always follows the
// route, never the other way round.
func (e *Engine) target(ctx context.Context, route protocol.RouteName) (target, error) {
	if route == protocol.RouteChatGPT {
		cred, err := e.cfg.Credentials.ChatGPT(ctx)
		if err != nil {
			return target{}, err
		}
		return e.chatGPTTarget(cred), nil
	}
	cred, err := e.cfg.Credentials.Platform(ctx)
	if err != nil {
		return target{}, err
	}
	return e.platformTarget(cred), nil
}

// peek is target without any network call, for what only wants to know.
func (e *Engine) peek(ctx context.Context, route protocol.RouteName) (target, error) {
	if route == protocol.RoutePlatform {
		cred, err := e.cfg.Credentials.PeekPlatform(ctx)
		if err != nil {
			return target{}, err
		}
		return e.platformTarget(cred), nil
	}
	cred, err := e.cfg.Credentials.PeekChatGPT(ctx)
	if err != nil {
		return target{}, err
	}
	return e.chatGPTTarget(cred), nil
}

func (e *Engine) platformTarget(cred auth.PlatformCredential) target {
	return target{route: protocol.RoutePlatform, baseURL: e.cfg.PlatformBaseURL, source: cred.Source, authorize: cred.Authorize, key: cred}
}

func (e *Engine) chatGPTTarget(cred auth.ChatGPTCredential) target {
	return target{
		route: protocol.RouteChatGPT, baseURL: e.cfg.ChatGPTBaseURL, source: cred.Source,
		accountID: cred.AccountID, authorize: cred.Authorize, login: cred,
	}
}

// Create makes one model call: route, credential, body, request, answer. It
// returns when the response has ended, failed or ctx is done; then the error is
// context.Cause(ctx). Any other error is a *protocol.Error or the sink's.
// req is used up: its Release has been called when Create returns or panics.
func (e *Engine) Create(ctx context.Context, req *Request, sink Sink) (Result, error) {
	c := &call{engine: e, req: req, sink: sink, record: newRecord(req, e.cfg.Mask.Mask)}
	err := c.run(ctx)
	c.result.Evidence = c.record.snapshot()
	return c.result, err
}
