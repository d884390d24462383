package rpc

import (
	"context"
	"time"

	"github.com/signalbox-dev/signalbox/auth"
	"github.com/signalbox-dev/signalbox/protocol"
)

// showDocumentWait is how long the host may take to answer window/showDocument
// (contract 3).
const showDocumentWait = 5 * time.Second

// openPage shows the page of a login: the host does it, if it has declared that
// it can, else the system. If neither does, the prompt stands alone, which the
// host got before.
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

// showDocument asks the host, and reports whether it shows the page.
func (s *Server) showDocument(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, showDocumentWait)
	defer cancel()
	var result struct {
		Success bool `json:"success"`
	}
	err := s.conn.Call(ctx, protocol.RequestShowDocument, protocol.ShowDocumentParams{URI: address, External: true}, &result)
	return err == nil && result.Success
}
