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

// toldCount counts the auth/changed that were sent.
func (s *Server) toldCount() int {
	s.toldMu.Lock()
	defer s.toldMu.Unlock()
	return s.tolds
}

// authChanged tells the host that the credentials have changed, and gives them.
// It need not tell what watchAuth has told since the count was before.
func (s *Server) authChanged(before int) protocol.AuthStatus {
	s.toldMu.Lock()
	defer s.toldMu.Unlock()
	status := s.cfg.Auth.Status(context.Background())
	if encoded := protocol.Encode(status); s.tolds == before || !bytes.Equal(encoded, s.told) {
		s.tellAuth(encoded)
	}
	return status
}

// tellAuth sends auth/changed to a host that has called initialize; without that
// it gets only what belongs to its requests (contract 2). toldMu is held.
func (s *Server) tellAuth(status []byte) {
	s.told = status
	s.tolds++
	if s.initialized.Load() {
		s.notify(protocol.NotificationAuthChanged, status)
	}
}

// watchAuth tells the host, until ctx ends, of changes that no request of its has
// made: by another program, or a renewal.
func (s *Server) watchAuth(ctx context.Context) {
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
			continue // loginEnded tells it, once
		}
		s.toldMu.Lock()
		if status := protocol.Encode(s.cfg.Auth.Status(ctx)); !bytes.Equal(status, s.told) {
			s.tellAuth(status)
		}
		s.toldMu.Unlock()
	}
}
