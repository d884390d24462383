package rpc

import (
	"context"
	"time"

	"github.com/signalbox-dev/signalbox/auth"
	"github.com/signalbox-dev/signalbox/protocol"
)

// showDocumentWait is how long the host may take to answer window/showDocument
// (docs/protocol.md: Logging in).
const showDocumentWait = 5 * time.Second

// openPage shows the page of a login through the host, if it has declared that it
// can, else through the system. If neither does, the user still has the prompt.
func (s *Server) openPage(l *auth.Login, address string) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stop := make(chan struct{})
	defer close(stop)
	go func() { // no page for a login that is over
		select {
		case <-l.Settled():
			cancel()
		case <-stop:
		}
	}()
	if s.showsDocuments.Load() && s.showDocument(ctx, address) || ctx.Err() != nil || s.cfg.Open == nil {
		return
	}
	if err := s.cfg.Open(ctx, address); err != nil {
		s.log.Info("no browser was opened", "error", s.cfg.Mask.Mask(err.Error()))
	}
}

// showDocument asks the host to show the page, and reports whether it does.
func (s *Server) showDocument(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, showDocumentWait)
	defer cancel()
	var result struct {
		Success bool `json:"success"`
	}
	err := s.conn.Call(ctx, protocol.RequestShowDocument, protocol.ShowDocumentParams{URI: address, External: true}, &result)
	return err == nil && result.Success
}
