package engine

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/signalbox-dev/signalbox/auth"
	"github.com/signalbox-dev/signalbox/internal/flight"
)

const (
	// workspaceWait is how long requests wait for the first check of an account;
	// then they go on without, and the check with lookupTimeout.
	workspaceWait = 2 * time.Second
	// workspaceAgain is how long after a check that failed the next one begins.
	workspaceAgain = time.Minute
	// noConstraint is how the backend writes that there is no constraint.
	noConstraint = "NO_CONSTRAINT"
	// overrideHeader names the region of a workspace to the backend.
	overrideHeader = "X-Openai-Account-Routing-Override"
)

// constraint is where the requests of a ChatGPT account have to go
// (docs/protocol.md: Routing). Its zero value means anywhere.
type constraint struct {
	// origin such as https://us.chatgpt.com; "" for the base URL's own.
	origin string
	// override is the value of overrideHeader; "" for no header.
	override string
}

// workspaces remembers the constraints of accounts. The zero value is ready.
type workspaces struct {
	mu sync.Mutex
	of map[string]*workspace
	// checking are the checks that run, by account.
	checking flight.Group[string, struct{}]
}

// workspace is what is known of one account; workspaces.mu guards it.
type workspace struct {
	constraint
	// known: a check has succeeded. It is not asked again.
	known bool
	// first is when the first check began, which requests wait for, and last when
	// the last one did.
	first, last time.Time
}

// constrained returns where the requests of an account have to go: it is asked
// once per account, and at most workspaceWait in all is spent waiting for the first
// answer. Without an answer the constraint is the last one that was seen, if any.
func (e *Engine) constrained(ctx context.Context, account string, authorize func(http.Header)) constraint {
	e.workspaces.mu.Lock()
	w := e.workspaces.of[account]
	if w == nil {
		w = &workspace{first: time.Now()}
		if e.workspaces.of == nil {
			e.workspaces.of = make(map[string]*workspace)
		}
		e.workspaces.of[account] = w
	}
	running := e.workspaces.checking.Running(account)
	if !w.known && running == nil && (w.last.IsZero() || time.Since(w.last) >= workspaceAgain) {
		w.last = time.Now()
		// The answer is for all requests of the account, not for this one alone.
		ctx := context.WithoutCancel(ctx)
		running, _ = e.workspaces.checking.Join(account, func() struct{} {
			e.checkWorkspace(ctx, w, account, authorize)
			return struct{}{}
		})
	}
	left := e.waits.workspace - time.Since(w.first)
	e.workspaces.mu.Unlock()

	if running != nil && left > 0 {
		timer := time.NewTimer(left)
		defer timer.Stop()
		select {
		case <-running.Done():
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	e.workspaces.mu.Lock()
	defer e.workspaces.mu.Unlock()
	return w.constraint
}

// checkWorkspace is GET /wham/accounts/check for one account.
func (e *Engine) checkWorkspace(ctx context.Context, w *workspace, account string, authorize func(http.Header)) {
	answer, err := e.get(ctx, parentURL(e.cfg.ChatGPTBaseURL)+"/wham/accounts/check", func(h http.Header) {
		h.Set("User-Agent", UserAgent(e.cfg.Originator, e.cfg.Version))
		authorize(h)
	})
	if answer.failed(err) != "" {
		return
	}
	found, err := readConstraint(answer.body, account)
	if err != nil {
		return
	}
	e.workspaces.mu.Lock()
	defer e.workspaces.mu.Unlock()
	w.constraint, w.known = found, true
}

// errNoWorkspace: the answer does not say where the account belongs.
var errNoWorkspace = errors.New("the account is not in the answer, or more than once")

// readConstraint reads the constraint of an account. Values that are not
// understood constrain nothing: the request is then sent as it would be without
// the check, and the backend decides.
func readConstraint(body []byte, account string) (constraint, error) {
	var answer struct {
		Accounts []struct {
			ID       string `json:"id"`
			Origin   string `json:"workspace_backend_origin"`
			Override string `json:"account_routing_override"`
		} `json:"accounts"`
	}
	err := json.Unmarshal(body, &answer)
	// A wrong type is one member's; the others are read.
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); err != nil && !ok {
		return constraint{}, err
	}
	var found constraint
	times := 0
	for _, a := range answer.Accounts {
		if a.ID != account {
			continue
		}
		times++
		if isChatGPTOrigin(a.Origin) {
			found.origin = strings.TrimSuffix(a.Origin, "/")
		}
		// The regions that the client version which we declare knows.
		if a.Override == "us" || a.Override == "us_cr" {
			found.override = a.Override
		}
	}
	if times != 1 {
		return constraint{}, errNoWorkspace
	}
	return found, nil
}

// isChatGPTOrigin reports whether text is an https origin of chatgpt.com or
// below: the token goes there and nowhere else.
func isChatGPTOrigin(text string) bool {
	if text == noConstraint {
		return false
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" ||
		u.Opaque != "" || u.Path != "" && u.Path != "/" || u.Port() != "" || strings.ContainsAny(text, "#?@\\") {
		return false
	}
	host := u.Host
	if host != "chatgpt.com" && !strings.HasSuffix(host, ".chatgpt.com") {
		return false
	}
	for _, c := range []byte(host) {
		if c != '.' && c != '-' && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// place moves a base URL to the origin of the constraint. A base that somebody
// has set stays where it is.
func (c constraint) place(base string) string {
	if c.origin == "" || base != auth.DefaultChatGPT {
		return base
	}
	u, err := url.Parse(base)
	if err != nil {
		return base
	}
	return c.origin + u.EscapedPath()
}
