//go:build unix

package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/signalbox-dev/signalbox/internal/testcheck"
	"github.com/stretchr/testify/require"
)

// rawUpstream returns the options of a process whose Platform is speak: it gets
// each request on a connection of its own and writes what it likes, byte by
// byte. The connection is closed when it returns.
func rawUpstream(t *testing.T, speak func(conn *net.TCPConn, r *http.Request)) options {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var running sync.WaitGroup
	var mu sync.Mutex
	open := map[net.Conn]bool{}
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open[conn] = true
			mu.Unlock()
			running.Go(func() {
				defer func() { _ = conn.Close() }()
				r, err := http.ReadRequest(bufio.NewReader(conn))
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, r.Body)
				speak(conn.(*net.TCPConn), r)
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		mu.Lock()
		for conn := range open {
			_ = conn.Close()
		}
		mu.Unlock()
		running.Wait()
	})
	return options{
		env:  []string{"OPENAI_API_KEY=sk-" + testcheck.Canary},
		args: []string{"--platform-base-url=http://" + listener.Addr().String() + "/v1"},
	}
}

// streamHead begins a chunked event stream, closingHead one after which the
// connection ends.
const (
	streamHead  = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
	closingHead = "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
)

// chunk is text as a chunk of the chunked coding; chunk("") ends the body.
func chunk(text string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(text), text) }

// say writes text and reports whether the other end is there.
func say(conn net.Conn, text string) bool {
	_, err := io.WriteString(conn, text)
	return err == nil
}

// errorData is error.data of an answer, as it came.
func errorData(t *testing.T, m message) map[string]any {
	t.Helper()
	var e struct{ Data map[string]any }
	require.NoError(t, json.Unmarshal(m.Error, &e), "%.500s", m.Raw)
	return e.Data
}

// fullEvidence is the evidence of an answer, as it came.
func fullEvidence(t *testing.T, m message) map[string]any {
	t.Helper()
	if m.Error != nil {
		return errorData(t, m)["evidence"].(map[string]any)
	}
	var result struct{ Evidence map[string]any }
	require.NoError(t, json.Unmarshal(m.Result, &result))
	return result.Evidence
}

// attempts is how many requests the evidence lists.
func attempts(t *testing.T, m message) int {
	return len(fullEvidence(t, m)["attempts"].([]any))
}

// Three events, the last of which ends the stream.
const (
	firstEvent  = `{"type":"response.created","response":{"id":"resp_1","model":"gpt-5.2-pro"}}`
	secondEvent = `{"type":"response.output_text.delta","delta":"four"}`
	lastEvent   = `{"type":"response.completed","response":{"id":"resp_1","model":"gpt-5.2-pro","output":[],"usage":{"total_tokens":3}}}`
)
