package rpc

import (
	"context"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/signalbox-dev/signalbox/auth"
	"github.com/signalbox-dev/signalbox/internal/rawjson"
	"github.com/signalbox-dev/signalbox/protocol"
	"github.com/signalbox-dev/signalbox/rpc/wire"
)

const (
	// maxLoginTimeout is the longest timeoutMs: a listener is no service.
	maxLoginTimeout = 24 * time.Hour
	// maxPorts bounds the list of ports.
	maxPorts = 16
)

// loginParams are the params of auth/login.
type loginParams struct {
	options     auth.LoginOptions
	key         protocol.Secret
	persist     bool
	wait        bool
	openBrowser bool
}

// login serves auth/login. The notifications of a login go out in the order of
// contract 3: auth/loginPrompt, auth/changed, auth/loginCompleted, the result.
func (s *Server) login(ctx context.Context, req *wire.Request) (any, error) {
	p, err := readLogin(req.Params)
	req.Params = nil // it may hold a key
	if err != nil {
		return nil, err
	}
	if p.options.Method == protocol.LoginAPIKey {
		return s.loginWithKey(ctx, p)
	}
	l, failure := s.cfg.Auth.BeginLogin(ctx, p.options)
	if failure != nil {
		return nil, failure
	}
	prompt := l.Prompt()
	s.notify(protocol.NotificationLoginPrompt, protocol.Encode(prompt))
	if p.openBrowser && prompt.AuthURL != "" {
		go s.openPage(l, prompt.AuthURL)
	}
	if !p.wait {
		s.watchLogin(l, false, func() {
			req.Reply(protocol.Encode(protocol.LoginResult{
				LoginID: prompt.LoginID, Status: protocol.LoginPending,
				AuthURL: prompt.AuthURL, VerificationURL: prompt.VerificationURL, UserCode: prompt.UserCode,
				ExpiresAt: prompt.ExpiresAt,
			}))
		})
		return nil, nil // it is answered
	}
	ended := s.watchLogin(l, true, func() {})
	select {
	case end := <-ended:
		return end.result, end.err
	case <-ctx.Done():
	}
	// The request has ended, so the login ends, too. Tokens that are on their way
	// are saved when it is the process that ends, and dropped when it is the user
	// who has cancelled.
	if context.Cause(ctx) == errShutdown {
		l.Leave(cancelledError())
	} else if !l.Cancel(cancelledError()) && l.Stored() {
		return nil, cancelledError() // too late: it goes on by itself
	}
	end := <-ended
	return end.result, end.err
}

// loginEnd is the answer to a login.
type loginEnd struct {
	result any
	err    error
}

// watchedLogin is a login whose end the host is told.
type watchedLogin struct {
	told chan struct{} // closed once it is
	// waits: a request waits for the end, and ends the login when it ends itself.
	waits bool
}

// watchLogin tells the host how the login ends; the channel then gives the
// answer. first runs before anything of that is told, and while the login counts
// as one that the end of the process waits for.
func (s *Server) watchLogin(l *auth.Login, waits bool, first func()) <-chan loginEnd {
	told, before := make(chan struct{}), s.toldCount()
	s.mu.Lock()
	s.logins[l] = watchedLogin{told, waits}
	s.mu.Unlock()
	first()
	ended := make(chan loginEnd, 1)
	go func() {
		<-l.Settled()
		ended <- s.loginEnded(l, before)
		s.mu.Lock()
		delete(s.logins, l)
		s.mu.Unlock()
		close(told)
	}()
	return ended
}

// isStoring reports whether a login is being stored, which is told at its end.
func (s *Server) isStoring() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for l := range s.logins {
		if l.Stored() {
			return true
		}
	}
	return false
}

// awaitTold waits until the host has been told how the login has ended.
func (s *Server) awaitTold(ctx context.Context, l *auth.Login) {
	s.mu.Lock()
	w, ok := s.logins[l]
	s.mu.Unlock()
	if !ok {
		return
	}
	select {
	case <-w.told:
	case <-ctx.Done():
	}
}

// awaitLogins waits until no login waits for its user.
func (s *Server) awaitLogins(ctx context.Context) {
	s.mu.Lock()
	all := slices.Collect(maps.Keys(s.logins))
	s.mu.Unlock()
	for _, l := range all {
		s.awaitTold(ctx, l)
	}
}

// leaveLogins ends the logins that no request waits for, because the process
// ends.
func (s *Server) leaveLogins() {
	s.mu.Lock()
	all := maps.Clone(s.logins)
	s.mu.Unlock()
	for l, w := range all {
		if !w.waits {
			l.Leave(nil)
		}
	}
}

// loginEnded tells the host how a login has ended, and gives the answer.
func (s *Server) loginEnded(l *auth.Login, before int) loginEnd {
	done := protocol.LoginCompleted{LoginID: l.Prompt().LoginID, Success: l.Err() == nil}
	if l.Stored() {
		status := s.authChanged(before)
		done.Auth = &status
	}
	err := l.Err()
	if err != nil {
		done.Error = s.publicError(context.Background(), err)
	}
	s.notify(protocol.NotificationLoginCompleted, protocol.Encode(done))
	if err != nil {
		return loginEnd{err: err}
	}
	return loginEnd{result: protocol.LoginResult{LoginID: done.LoginID, Status: protocol.LoginSucceeded, Auth: done.Auth}}
}

// loginWithKey is auth/login with a Platform key.
func (s *Server) loginWithKey(ctx context.Context, p loginParams) (any, error) {
	before := s.toldCount()
	if err := s.cfg.Auth.UseAPIKey(ctx, p.key, p.persist, p.options.Replace); err != nil {
		return nil, err
	}
	id, status := newID("login_"), s.authChanged(before)
	s.notify(protocol.NotificationLoginCompleted, protocol.Encode(protocol.LoginCompleted{
		LoginID: id, Success: true, Auth: &status,
	}))
	return protocol.LoginResult{LoginID: id, Status: protocol.LoginSucceeded, Auth: &status}, nil
}

// readLogin reads the params of auth/login.
func readLogin(params []byte) (loginParams, error) {
	p := loginParams{wait: true, openBrowser: true, options: auth.LoginOptions{Exchange: protocol.ExchangeAuto}}
	members, err := paramMembers(params)
	if err != nil {
		return p, err
	}
	method, ok := stringMember(members, "method")
	if !ok {
		return p, wrongMethod()
	}
	p.options.Method = method
	key, ok := stringMember(members, "apiKey")
	if !ok {
		return p, protocol.InvalidParams("apiKey", "The member \"apiKey\" must be a string.")
	}
	for _, b := range []struct {
		name  string
		value *bool
	}{{"persist", &p.persist}, {"wait", &p.wait}, {"openBrowser", &p.openBrowser}, {"replace", &p.options.Replace}} {
		if err := boolMember(members, b.name, b.value); err != nil {
			return p, err
		}
	}
	if m, found := rawjson.Find(members, "timeoutMs"); found && string(m.Value) != "null" {
		var ms int64
		if json.Unmarshal(m.Value, &ms) != nil || ms <= 0 || ms > maxLoginTimeout.Milliseconds() {
			return p, protocol.InvalidParams("timeoutMs", "The member \"timeoutMs\" must be a number of milliseconds, above 0 and at most a day.")
		}
		p.options.Timeout = time.Duration(ms) * time.Millisecond
	}
	if m, found := rawjson.Find(members, "ports"); found && string(m.Value) != "null" {
		var ports []uint16
		if json.Unmarshal(m.Value, &ports) != nil || len(ports) > maxPorts {
			return p, protocol.InvalidParams("ports", "The member \"ports\" must be a list of at most 16 port numbers.")
		}
		p.options.Ports = make([]int, len(ports))
		for i, port := range ports {
			p.options.Ports[i] = int(port)
		}
	}
	policy, ok := stringMember(members, "exchange")
	switch exchange := protocol.ExchangePolicy(policy); {
	case ok && exchange == "":
	case ok && (exchange == protocol.ExchangeAuto || exchange == protocol.ExchangeNever || exchange == protocol.ExchangeRequire):
		p.options.Exchange = exchange
	default:
		return p, protocol.InvalidParams("exchange", "The member \"exchange\" must be \"auto\", \"never\" or \"require\".")
	}
	switch method {
	case protocol.LoginBrowser, protocol.LoginDevice:
	case protocol.LoginAPIKey:
		p.key = protocol.NewSecret(key)
	default:
		return p, wrongMethod()
	}
	return p, nil
}

func wrongMethod() *protocol.Error {
	return protocol.InvalidParams("method", "The member \"method\" must be \"browser\", \"device\" or \"apiKey\".")
}

// boolMember reads a member that may be absent or null, which leave value as it
// is.
func boolMember(members []rawjson.Member, name string, value *bool) error {
	m, found := rawjson.Find(members, name)
	switch {
	case !found, string(m.Value) == "null":
	case string(m.Value) == "true":
		*value = true
	case string(m.Value) == "false":
		*value = false
	default:
		return protocol.InvalidParams(name, "The member \""+name+"\" must be true or false.")
	}
	return nil
}

// completeLogin serves auth/login/complete, for a browser that is on another
// machine or could not come back. A wrong state or code fails this call alone.
func (s *Server) completeLogin(ctx context.Context, req *wire.Request) (any, error) {
	members, err := paramMembers(req.Params)
	req.Params = nil
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for _, name := range []string{"loginId", "redirectUrl", "code", "state"} {
		value, ok := stringMember(members, name)
		if !ok {
			return nil, protocol.InvalidParams(name, "The member \""+name+"\" must be a string.")
		}
		values[name] = strings.TrimSpace(value)
	}
	var query url.Values
	switch {
	case values["loginId"] == "":
		return nil, protocol.InvalidParams("loginId", "The member \"loginId\" is missing.")
	case values["redirectUrl"] != "" && values["code"] != "":
		return nil, protocol.InvalidParams("redirectUrl", "Either \"redirectUrl\" or \"code\" must be given, not both.")
	case values["redirectUrl"] != "":
		u, err := url.Parse(values["redirectUrl"])
		if err != nil || u.RawQuery == "" {
			return nil, protocol.InvalidParams("redirectUrl", "The member \"redirectUrl\" must be the whole address that the browser has ended on.")
		}
		if query, err = url.ParseQuery(u.RawQuery); err != nil {
			return nil, protocol.InvalidParams("redirectUrl", "The member \"redirectUrl\" is malformed.")
		}
	case values["code"] == "":
		return nil, protocol.InvalidParams("redirectUrl", "Either \"redirectUrl\" or \"code\" and \"state\" must be given.")
	default:
		query = url.Values{"code": {values["code"]}, "state": {values["state"]}}
	}
	l := s.cfg.Auth.PendingLogin(values["loginId"])
	if l == nil || l.Prompt().AuthURL == "" {
		return nil, protocol.InvalidParams("loginId", "No browser login with this id waits.")
	}
	err = l.Complete(ctx, query)
	select {
	case <-l.Settled():
		s.awaitTold(ctx, l)
	default: // it still waits
	}
	if err != nil {
		return nil, err
	}
	status := s.cfg.Auth.Status(ctx)
	return protocol.LoginResult{LoginID: values["loginId"], Status: protocol.LoginSucceeded, Auth: &status}, nil
}

// cancelLogin serves auth/login/cancel: the port is free when it answers.
func (s *Server) cancelLogin(ctx context.Context, req *wire.Request) (any, error) {
	members, err := paramMembers(req.Params)
	if err != nil {
		return nil, err
	}
	id, ok := stringMember(members, "loginId")
	if !ok {
		return nil, protocol.InvalidParams("loginId", "The member \"loginId\" must be a string.")
	}
	l := s.cfg.Auth.PendingLogin(id)
	if l == nil || !l.Cancel(nil) {
		return protocol.CancelLoginResult{Status: "notFound"}, nil
	}
	s.awaitTold(ctx, l)
	return protocol.CancelLoginResult{Status: "cancelled"}, nil
}
