package auth

import (
	"context"
	"sync"
	"time"

	"github.com/signalbox-dev/signalbox/auth/issuer"
	"github.com/signalbox-dev/signalbox/protocol"
)

// DefaultLoginTimeout is how long a login waits for its user.
const DefaultLoginTimeout = 10 * time.Minute

// DefaultPorts are the ports that the issuer lets a browser come back to.
func DefaultPorts() []int { return []int{1455, 1457} }

// LoginOptions say how to log in.
type LoginOptions struct {
	// Method is protocol.LoginBrowser or protocol.LoginDevice.
	Method string
	// Timeout; 0: DefaultLoginTimeout. A device code ends after 15 minutes.
	Timeout time.Duration
	// Ports to listen on, the first that is free; nil: DefaultPorts, empty: none,
	// so that only Complete ends the login. 0 is any free port.
	Ports []int
	// Exchange says whether the id_token is traded for a Platform key.
	Exchange protocol.ExchangePolicy
	// Replace keeps a copy of an auth.json that cannot be read and goes on.
	Replace bool
}

// Login is one login in progress, or one that has ended. Its methods are safe for
// concurrent use.
//
//	waiting ──code──> redeeming ──tokens──> stored ──key or none──> settled
//	   │                  │                    └─ 1003, 1006 ────────> settled
//	   │                  ├─ refused ─> settled (browser), waiting (Complete)
//	   ├─ expired ───────────────────────────────────────────────────> settled
//	   └─ cancelled, superseded, the process ends ───────────────────> settled
//
// It is settled once, by whatever comes first. Codes are redeemed one at a time
// (turn), so that a code that comes twice is sent once. A login that is settled
// while its code is redeemed still saves the tokens, unless the user cancelled it
// (unwanted).
type Login struct {
	manager  *Manager
	options  LoginOptions
	pkce     issuer.PKCE
	state    string
	redirect string // the redirect URI, also where nothing listens
	cancel   context.CancelFunc
	turn     chan struct{} // full while a code is redeemed
	saved    chan struct{} // closed once the tokens are in the store
	dropped  chan struct{} // closed once the user has cancelled
	settled  chan struct{} // closed once err is final and the port is free

	mu       sync.Mutex // guards what follows
	prompt   protocol.LoginPrompt
	callback *callback // nil: nothing listens
	account  string    // whose tokens were saved, for a person
	over     bool
	err      error
	stored   bool // the tokens are saved or about to be: too late to cancel
	unwanted bool // the user has cancelled: tokens that still come are dropped
}

// BeginLogin begins a login, which then has its prompt, and supersedes the one
// that waits. ctx bounds the beginning alone.
//
// The error is a *protocol.Error: 1002 bad_override; 1003 when the login could
// not be saved; 1004 when the issuer returns no device code; 1005 port_busy,
// device_disabled, denied where Codex's config forbids the method, cancelled or
// superseded; -32800 when ctx ended.
func (m *Manager) BeginLogin(ctx context.Context, options LoginOptions) (*Login, error) {
	if options.Timeout <= 0 {
		options.Timeout = DefaultLoginTimeout
	}
	if options.Ports == nil {
		options.Ports = DefaultPorts()
	}
	if err := m.logins.checkMethod(ctx, options.Replace); err != nil {
		return nil, err
	}
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	l := &Login{
		manager: m,
		options: options,
		prompt:  protocol.LoginPrompt{LoginID: "login_" + issuer.RandomText(12), Method: options.Method},
		cancel:  cancel,
		turn:    make(chan struct{}, 1),
		saved:   make(chan struct{}),
		dropped: make(chan struct{}),
		settled: make(chan struct{}),
	}
	if err := l.begin(ctx, running); err != nil {
		l.settle(err)
		return nil, l.Err() // which may be that another login came
	}
	return l, nil
}

// begin takes the place of the login before it and makes the prompt.
func (l *Login) begin(ctx, running context.Context) error {
	m := l.manager
	m.logins.take(l)
	// The one before may still be beginning, and hold the port that we need.
	select {
	case m.logins.beginning <- struct{}{}:
		defer func() { <-m.logins.beginning }()
	case <-running.Done():
		return cancelledLogin()
	}
	both, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(running, stop)()
	expires := m.cfg.Now().Add(l.options.Timeout)
	if l.options.Method == protocol.LoginDevice {
		d, err := m.logins.deviceCode(both)
		if err != nil {
			return err
		}
		if end := m.cfg.Now().Add(deviceLife); end.Before(expires) {
			expires = end
		}
		l.ready(nil, nil, expires, func(p *protocol.LoginPrompt) {
			p.VerificationURL, p.UserCode = m.issuer.VerificationURL(), d.UserCode
		})
		go l.poll(running, d)
	} else {
		l.pkce, l.state = issuer.NewPKCE(), issuer.NewState()
		var c *callback
		if len(l.options.Ports) > 0 {
			var err error
			if c, err = listen(l.options.Ports, m.cfg.RedirectHost); err != nil {
				return err
			}
			l.redirect = c.redirectURI
		} else {
			l.redirect = redirectURI(m.cfg.RedirectHost, DefaultPorts()[0])
		}
		at := m.issuer.AuthorizeURL(l.redirect, l.state, l.pkce, m.settings().Workspaces)
		l.ready(c, newStartPage(at), expires, func(p *protocol.LoginPrompt) { p.AuthURL = at })
	}
	timer := time.AfterFunc(expires.Sub(m.cfg.Now()), l.expire)
	context.AfterFunc(running, func() { timer.Stop() })
	return nil
}

// ready completes the prompt and starts the listener, unless the login is over.
func (l *Login) ready(c *callback, start *startPage, expires time.Time, fill func(*protocol.LoginPrompt)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c != nil {
		c.serve(start, l.arrive, l.startReused)
		if l.over {
			c.close()
			return
		}
		l.callback = c
	}
	l.prompt.ExpiresAt = rfc3339(expires)
	fill(&l.prompt)
}

// Prompt is what the user has to be shown.
func (l *Login) Prompt() protocol.LoginPrompt {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.prompt
}

// PageURL returns the address that a program is given to open: the start page of this
// login or, where nothing listens, the issuer's; "" for a device code. Every user of
// the machine may read it.
func (l *Login) PageURL() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.callback != nil {
		return l.callback.startURL()
	}
	return l.prompt.AuthURL
}

// Settled is closed when the login is over and its port free.
func (l *Login) Settled() <-chan struct{} { return l.settled }

// Err returns, after Settled, how it ended: nil for a login that is stored, else
// a *protocol.Error.
func (l *Login) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// Stored reports whether the credentials have changed: also where the login ends
// with 1006, or with 1003 and the tokens in memory.
func (l *Login) Stored() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stored
}

// settle ends the login unless it is over. The port is free when it returns.
func (l *Login) settle(err error) {
	l.mu.Lock()
	if l.over {
		l.mu.Unlock()
		return
	}
	l.over, l.err = true, err
	c := l.callback
	l.mu.Unlock()
	l.cancel()
	l.manager.logins.drop(l)
	if c != nil {
		c.release()
		end, _ := l.manager.work.enter(true) // the process ends after its page is sent
		go func() { defer end(); c.close() }()
	}
	close(l.settled)
}

// Cancel ends the login with reason, a *protocol.Error or nil for 1005 cancelled:
// its tokens, should they still come, are dropped. false: it is over, or its
// tokens are being saved.
func (l *Login) Cancel(reason error) bool {
	l.mu.Lock()
	if l.over || l.stored || l.unwanted {
		l.mu.Unlock()
		return false
	}
	l.unwanted = true
	l.mu.Unlock()
	if reason == nil {
		reason = cancelledLogin()
	}
	l.settle(reason)
	close(l.dropped)
	return true
}

// Leave ends the login with reason, as Cancel, because the process ends: a code
// that is being redeemed is saved all the same, see [Manager.Drain] (docs/protocol.md: Lifecycle).
func (l *Login) Leave(reason error) {
	if reason == nil {
		reason = cancelledLogin()
	}
	l.settle(reason)
}

// expire ends a login that nobody has finished. A code that has come in time is
// waited for.
func (l *Login) expire() {
	if l.take(context.Background()) {
		l.settle(expiredLogin())
		l.give()
	}
}

// take waits for the turn to redeem; false: the login is settled, or ctx ended.
func (l *Login) take(ctx context.Context) bool {
	select {
	case l.turn <- struct{}{}:
	case <-l.settled:
		return false
	case <-ctx.Done():
		return false
	}
	l.mu.Lock()
	over := l.over
	l.mu.Unlock()
	if over {
		l.give()
	}
	return !over
}

func (l *Login) give() { <-l.turn }
