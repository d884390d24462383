package rpc

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/auth"
	"github.com/signalbox-dev/signalbox/engine"
	"github.com/signalbox-dev/signalbox/internal/testcheck"
	"github.com/signalbox-dev/signalbox/internal/transport"
	"github.com/signalbox-dev/signalbox/protocol"
	"github.com/signalbox-dev/signalbox/rpc/wire"
)

const deltaEvent = `data: {"type":"response.output_text.delta","sequence_number":21,"item_id":"msg_f2b35607f29864f6a37b1c0a955b2b86475699459ff3076e","output_index":1,"content_index":0,"delta":" word","logprobs":[],"obfuscation":"e8fac1407b7"}` + "\n\n"

const doneEvent = `data: {"type":"response.completed","response":{"id":"resp_1","model":"gpt-5.2-pro","status":"completed","output":[],"usage":null}}` + "\n\n"

// BenchmarkEvent is one event's whole way: from a real HTTP connection on
// loopback to a real pipe that a host reads. The writing server and the reading
// host are also in the figures.
func BenchmarkEvent(b *testing.B) {
	for _, framing := range []wire.Framing{wire.FramingLSP, wire.FramingNDJSON} {
		b.Run(framing.String(), func(b *testing.B) { streamEvents(b, framing, b.N) })
	}
}

// TestEventAllocations: at most one allocation an event on its whole way.
func TestEventAllocations(t *testing.T) {
	const events = 50_000
	streamed := testing.Benchmark(func(b *testing.B) { streamEvents(b, wire.FramingNDJSON, b.N*events) })
	perEvent := float64(streamed.MemAllocs) / float64(streamed.N) / events
	t.Logf("%.4f allocations an event", perEvent)
	require.Less(t, perEvent, 1.0)
}

// streamEvents streams n events through a server.
func streamEvents(b *testing.B, framing wire.Framing, n int) {
	block := strings.Repeat(deltaEvent, 64)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		for left := n; left > 0; left -= 64 {
			_, _ = io.WriteString(w, block[:min(left, 64)*len(deltaEvent)])
		}
		_, _ = io.WriteString(w, doneEvent)
	}))
	defer upstream.Close()
	defer upstream.CloseClientConnections()
	direct := transport.New(transport.Options{Direct: true})
	defer direct.CloseIdleConnections()
	platform, err := auth.PlatformEndpoint(upstream.URL, "")
	require.NoError(b, err)
	manager := auth.NewManager(auth.Config{
		Home:     filepath.Join(b.TempDir(), "none"),
		APIKey:   protocol.NewSecret("sk-" + testcheck.Canary),
		Platform: platform,
	})
	hostIn, serverOut, err := os.Pipe()
	require.NoError(b, err)
	serverIn, hostOut, err := os.Pipe()
	require.NoError(b, err)
	server := New(Config{
		Auth:   manager,
		Engine: engine.New(engine.Config{Credentials: manager, PlatformBaseURL: platform.URL, Transport: direct}),
		Wire:   wire.Options{Framing: framing},
	}, serverIn, serverOut)
	request := `{"jsonrpc":"2.0","id":1,"method":"responses/create","params":{"model":"gpt-5.2-pro","input":"hi","stream":true}}`
	initialize := `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{}}`
	var in string
	for _, message := range []string{initialize, request} {
		if framing == wire.FramingLSP {
			in += fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(message), message)
		} else {
			in += message + "\n"
		}
	}
	b.SetBytes(int64(len(deltaEvent)))
	b.ReportAllocs()
	b.ResetTimer()
	served := make(chan struct{})
	go func() {
		defer close(served)
		_, _ = server.Serve(context.Background(), nil)
		_ = serverOut.Close()
	}()
	_, err = io.WriteString(hostOut, in)
	require.NoError(b, err)
	if framing == wire.FramingNDJSON {
		require.NoError(b, hostOut.Close())
	}
	total := readUntil(b, hostIn, `"id":1,"result":`)
	b.StopTimer()
	_ = hostOut.Close()
	_, _ = io.Copy(io.Discard, hostIn)
	<-served
	require.Greater(b, total, n*len(deltaEvent))
	for _, f := range []*os.File{hostIn, serverIn} {
		_ = f.Close()
	}
}

// readUntil reads until mark has been read and returns the number of bytes.
func readUntil(b *testing.B, in io.Reader, mark string) (total int) {
	buf := make([]byte, 64<<10)
	for keep := 0; ; {
		n, err := in.Read(buf[keep:])
		require.NoError(b, err, "%s", buf[:keep])
		total += n
		if bytes.Contains(buf[:keep+n], []byte(mark)) {
			return total
		}
		tail := buf[max(0, keep+n-len(mark)) : keep+n]
		keep = copy(buf, tail)
	}
}
