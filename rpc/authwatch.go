package rpc

import (
	"bytes"
	"context"
	"time"

	"github.com/signalbox-dev/signalbox/protocol"
)

// authPoll is how often auth.json is looked at, with one stat, for a change by
// another program.
const authPoll = time.Second

// authCount returns how many auth/changed have been sent.
func (s *Server) authCount() int {
	s.authMu.Lock()
	defer s.authMu.Unlock()
	return s.authSeq
}

// authChanged sends auth/changed and returns the status in it. It sends nothing
// if watchAuth has sent the same since authCount was before.
func (s *Server) authChanged(before int) protocol.AuthStatus {
	s.authMu.Lock()
	defer s.authMu.Unlock()
	status := s.cfg.Auth.Status(context.Background())
	if encoded := protocol.Encode(status); s.authSeq == before || !bytes.Equal(encoded, s.lastAuth) {
		s.sendAuth(encoded)
	}
	return status
}

// sendAuth sends auth/changed to a host that has called initialize; without that
// it gets only what belongs to its requests (docs/protocol.md: Lifecycle). authMu
// is held.
func (s *Server) sendAuth(status []byte) {
	s.lastAuth = status
	s.authSeq++
	if s.greeted.isSet() {
		s.notify(protocol.NotificationAuthChanged, status)
	}
}

// watchAuth sends auth/changed, from initialize until ctx ends, for changes that no
// request of the host has made: by another program, or by a refresh.
func (s *Server) watchAuth(ctx context.Context) {
	select {
	case <-s.greeted.done:
	case <-ctx.Done():
		return
	}
	kick := make(chan struct{}, 1)
	defer s.cfg.Auth.OnChange(func() {
		select {
		case kick <- struct{}{}:
		default:
		}
	})()
	ticker := time.NewTicker(authPoll)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			s.cfg.Auth.Poll(ctx)
			continue
		case <-kick:
		case <-ctx.Done():
			return
		}
		if s.isStoring() {
			continue // loginEnded sends it, once
		}
		s.authMu.Lock()
		if status := protocol.Encode(s.cfg.Auth.Status(ctx)); !bytes.Equal(status, s.lastAuth) {
			s.sendAuth(status)
		}
		s.authMu.Unlock()
	}
}
