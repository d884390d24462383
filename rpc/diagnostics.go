package rpc

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"runtime"
	"strconv"
	"time"

	"github.com/signalbox-dev/signalbox/protocol"
	"github.com/signalbox-dev/signalbox/rpc/wire"
)

// diagnostics serves server/diagnostics: the state of the process, for a bug
// report.
func (s *Server) diagnostics(context.Context, *wire.Request) (any, error) {
	s.mu.Lock()
	streams := len(s.streams)
	s.mu.Unlock()
	return protocol.Diagnostics{
		PID:        os.Getpid(),
		UptimeMs:   time.Since(s.started).Milliseconds(),
		RSSBytes:   residentBytes(),
		Goroutines: runtime.NumGoroutine(),
		InFlight:   protocol.InFlight{Requests: s.requests.Load(), Streams: streams, BodyBytes: s.bodyBytes.Load()},
		Queue:      protocol.Queue{Bytes: s.conn.Queued()},
	}, nil
}

// residentBytes returns the resident memory from /proc (proc(5)); elsewhere what
// the runtime has taken from the system.
func residentBytes() int64 {
	text, err := os.ReadFile("/proc/self/statm")
	if fields := bytes.Fields(text); err == nil && len(fields) > 1 {
		if pages, err := strconv.ParseInt(string(fields[1]), 10, 64); err == nil {
			return pages * int64(os.Getpagesize())
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys - m.HeapReleased)
}

// discover serves rpc.discover: the OpenRPC document of this release.
func discover(context.Context, *wire.Request) (any, error) {
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(protocol.Schema("openrpc"))); err != nil {
		return nil, err
	}
	return json.RawMessage(compact.Bytes()), nil
}
