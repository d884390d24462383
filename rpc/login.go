package rpc

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/signalbox-dev/signalbox/auth"
	"github.com/signalbox-dev/signalbox/internal/params"
	"github.com/signalbox-dev/signalbox/protocol"
	"github.com/signalbox-dev/signalbox/rpc/wire"
)

// login serves auth/login. What a login sends goes out in this order:
// auth/loginPrompt, auth/changed, auth/loginCompleted, the result
// (docs/protocol.md: Logging in).
func (s *Server) login(ctx context.Context, req *wire.Request) (any, error) {
	var p protocol.LoginParams
	err := params.Decode(req.Params, &p)
	req.Params = nil // it may hold a key
	if err != nil {
		return nil, err
	}
	if p.Method == protocol.LoginAPIKey {
		return s.loginWithKey(ctx, &p)
	}
	l, err := s.cfg.Auth.BeginLogin(ctx, loginOptions(&p))
	if err != nil {
		return nil, err
	}
	prompt := l.Prompt()
	s.notify(protocol.NotificationLoginPrompt, protocol.Encode(prompt))
	if isTrue(p.OpenBrowser) && prompt.AuthURL != "" {
		go s.openPage(l, l.PageURL())
	}
	if !isTrue(p.Wait) {
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
	// The request has ended, and the login ends with it. Tokens that are on their
	// way are saved when the process ends, and dropped when the user has cancelled.
	if context.Cause(ctx) == errShutdown {
		l.Leave(cancelledError())
	} else if !l.Cancel(cancelledError()) && l.Stored() {
		return nil, cancelledError() // too late: the login is being stored
	}
	end := <-ended
	return end.result, end.err
}

// loginEnd is the answer to auth/login once the login has ended.
type loginEnd struct {
	result any
	err    error
}

// watchedLogin is a login whose end will be reported to the host.
type watchedLogin struct {
	reported chan struct{} // closed once it is
	// waits: a request waits for the end, and ends the login when it ends itself.
	waits bool
}

// watchLogin reports the end of the login to the host and then sends the answer
// to the channel. first runs before anything is reported, when the end of the
// process already waits for the login.
func (s *Server) watchLogin(l *auth.Login, waits bool, first func()) <-chan loginEnd {
	reported, before := make(chan struct{}), s.authCount()
	s.mu.Lock()
	s.logins[l] = watchedLogin{reported, waits}
	s.mu.Unlock()
	first()
	ended := make(chan loginEnd, 1)
	go func() {
		<-l.Settled()
		ended <- s.loginEnded(l, before)
		s.mu.Lock()
		delete(s.logins, l)
		s.mu.Unlock()
		close(reported)
	}()
	return ended
}

// isStoring reports whether a login is being stored; its end will be reported.
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

// awaitReported waits until the end of the login has been reported to the host.
func (s *Server) awaitReported(ctx context.Context, l *auth.Login) {
	s.mu.Lock()
	w, ok := s.logins[l]
	s.mu.Unlock()
	if !ok {
		return
	}
	select {
	case <-w.reported:
	case <-ctx.Done():
	}
}

// awaitLogins waits until the end of every login has been reported.
func (s *Server) awaitLogins(ctx context.Context) {
	s.mu.Lock()
	all := slices.Collect(maps.Keys(s.logins))
	s.mu.Unlock()
	for _, l := range all {
		s.awaitReported(ctx, l)
	}
}

// leaveLogins ends the logins that no request waits for, at the end of the
// process.
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

// loginEnded reports the end of a login to the host and returns the answer.
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

// loginWithKey serves auth/login with a Platform key.
func (s *Server) loginWithKey(ctx context.Context, p *protocol.LoginParams) (any, error) {
	before := s.authCount()
	if err := s.cfg.Auth.UseAPIKey(ctx, protocol.NewSecret(p.APIKey), p.Persist, p.Replace); err != nil {
		return nil, err
	}
	id, status := newID("login_"), s.authChanged(before)
	s.notify(protocol.NotificationLoginCompleted, protocol.Encode(protocol.LoginCompleted{
		LoginID: id, Success: true, Auth: &status,
	}))
	return protocol.LoginResult{LoginID: id, Status: protocol.LoginSucceeded, Auth: &status}, nil
}

// completeLogin serves auth/login/complete, for a browser that is on another
// machine or could not come back. A wrong state or code fails this call alone.
func (s *Server) completeLogin(ctx context.Context, req *wire.Request) (any, error) {
	var p protocol.CompleteLoginParams
	err := params.Decode(req.Params, &p)
	req.Params = nil // it may hold a code
	if err != nil {
		return nil, err
	}
	id := strings.TrimSpace(p.LoginID)
	if id == "" {
		return nil, protocol.InvalidParams("loginId", "The member \"loginId\" is missing.")
	}
	query, err := callbackQuery(&p)
	if err != nil {
		return nil, err
	}
	l := s.cfg.Auth.PendingLogin(id)
	if l == nil || l.Prompt().AuthURL == "" {
		return nil, protocol.InvalidParams("loginId", "No browser login with this id is in progress.")
	}
	err = l.Complete(ctx, query)
	select {
	case <-l.Settled():
		s.awaitReported(ctx, l)
	default: // it still waits for its user
	}
	if err != nil {
		return nil, err
	}
	status := s.cfg.Auth.Status(ctx)
	return protocol.LoginResult{LoginID: id, Status: protocol.LoginSucceeded, Auth: &status}, nil
}

// cancelLogin serves auth/login/cancel: the port is free when it answers.
func (s *Server) cancelLogin(ctx context.Context, req *wire.Request) (any, error) {
	var p protocol.CancelLoginParams
	if err := params.Decode(req.Params, &p); err != nil {
		return nil, err
	}
	l := s.cfg.Auth.PendingLogin(p.LoginID)
	if l == nil || !l.Cancel(nil) {
		return protocol.CancelLoginResult{Status: "notFound"}, nil
	}
	s.awaitReported(ctx, l)
	return protocol.CancelLoginResult{Status: "cancelled"}, nil
}
