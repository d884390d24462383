package gateway

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/auth"
	"github.com/signalbox-dev/signalbox/engine"
	"github.com/signalbox-dev/signalbox/internal/mask"
	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/internal/testcheck"
	"github.com/signalbox-dev/signalbox/internal/transport"
	"github.com/signalbox-dev/signalbox/protocol"
)

func TestMain(m *testing.M) { testcheck.Main(m) }

const token = "token-of-the-test-" + testcheck.Canary + "-0123456789012345678901234567"

// running is a server on loopback with short waits.
type running struct {
	t    *testing.T
	addr string
	stop context.CancelFunc
}

// start serves the engine of a simulated login.
func start(t *testing.T, cfg simulator.Config, waits waits) *running {
	t.Helper()
	sim, err := simulator.Start(cfg)
	require.NoError(t, err)
	t.Cleanup(sim.Close)
	home := t.TempDir()
	require.NoError(t, sim.WriteHome(home))
	masker := new(mask.Masker)
	manager := auth.NewManager(auth.Config{
		Home: home, ChatGPT: auth.Endpoint{URL: sim.ChatGPTURL()}, Platform: auth.Endpoint{URL: sim.PlatformURL()}, Mask: masker,
		Transport: transport.New(transport.Options{Direct: true}),
	})
	upstream := transport.New(transport.Options{Direct: true})
	t.Cleanup(upstream.CloseIdleConnections)
	calls := engine.New(engine.Config{Credentials: manager, Mask: masker, ChatGPTBaseURL: sim.ChatGPTURL(), PlatformBaseURL: sim.PlatformURL(), Version: "0", Transport: upstream})
	s := New(Config{Engine: calls, Mask: masker, Token: []byte(token)})
	s.waits = waits
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	stop, end := context.WithCancel(context.Background())
	now, hurry := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		_, _ = s.Serve(listener, stop, now)
		close(ended)
	}()
	t.Cleanup(func() { end(); hurry(); <-ended })
	return &running{t, listener.Addr().String(), end}
}

// head is the head of a request with the token.
func (r *running) head(length string) string {
	return "POST /v1/responses HTTP/1.1\r\nHost: " + r.addr + "\r\nAuthorization: Bearer " + token + "\r\nContent-Type: application/json\r\n" + length + "\r\n"
}

func (r *running) dial() net.Conn {
	r.t.Helper()
	conn, err := net.Dial("tcp", r.addr)
	require.NoError(r.t, err)
	r.t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	return conn
}

// A body of which nothing comes is given up, and so is a head; one that comes slowly is
// read.
func TestSlowRequests(t *testing.T) {
	w := defaultWaits()
	w.head, w.body = 300*time.Millisecond, 300*time.Millisecond
	r := start(t, simulator.Config{}, w)
	conn := r.dial()
	_, _ = io.WriteString(conn, r.head("Content-Length: 100\r\n")+"{")
	answer, _ := io.ReadAll(conn)
	assert.Contains(t, string(answer), "408 Request Timeout")
	conn = r.dial()
	_, _ = io.WriteString(conn, "POST /v1/resp")
	answer, _ = io.ReadAll(conn)
	assert.NotContains(t, string(answer), "200")
	conn = r.dial()
	body := `{"model":"gpt-5.2-codex","input":"What is 2+2?"}`
	_, _ = io.WriteString(conn, r.head(fmt.Sprintf("Connection: close\r\nContent-Length: %d\r\n", len(body))))
	for _, c := range []byte(body) {
		_, err := conn.Write([]byte{c})
		require.NoError(t, err)
		time.Sleep(10 * time.Millisecond) // longer in all than the wait for one byte
	}
	answer, _ = io.ReadAll(conn)
	assert.Contains(t, string(answer), "200 OK")
}

// A silent stream gets comments, which end with it.
func TestSilentStream(t *testing.T) {
	w := defaultWaits()
	w.comment = 50 * time.Millisecond
	r := start(t, simulator.Config{Scenario: "idle"}, w)
	conn := r.dial()
	body := `{"model":"gpt-5.2-codex","input":"x","stream":true}`
	_, _ = io.WriteString(conn, r.head(fmt.Sprintf("Content-Length: %d\r\n", len(body)))+body)
	lines := bufio.NewScanner(conn)
	seen := 0
	for seen < 3 && lines.Scan() {
		if lines.Text() == ": keep-alive" {
			seen++
		}
	}
	assert.Equal(t, 3, seen)
}

// A program that reads nothing is cut off in the end, and meanwhile stops its own
// upstream only: the memory stays where it is, and others are answered.
func TestProgramThatDoesNotRead(t *testing.T) {
	w := defaultWaits()
	w.unread = 2 * time.Second
	event := "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"sequence_number\":1,\"delta\":\"" + strings.Repeat("x", 16<<10) + "\"}\n\n"
	r := start(t, simulator.Config{Replay: []byte(strings.Repeat(event, 16<<10))}, w) // 256 MiB
	conn := r.dial()
	body := `{"model":"gpt-5.2-codex","input":"x","stream":true,"_meta":{"memory":false,"fillOutput":false}}`
	_, _ = io.WriteString(conn, r.head(fmt.Sprintf("Content-Length: %d\r\n", len(body)))+body)
	time.Sleep(500 * time.Millisecond) // it is blocked by then, or will be
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	assert.Less(t, stats.HeapAlloc, uint64(320<<20), "the replay itself is 256 MiB")
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	request, err := http.NewRequest(http.MethodGet, "http://"+r.addr+"/healthz", nil)
	require.NoError(t, err)
	other, err := client.Do(request)
	require.NoError(t, err)
	assert.Equal(t, 200, other.StatusCode)
	_ = other.Body.Close()
	time.Sleep(2500 * time.Millisecond)
	_, err = io.Copy(io.Discard, conn) // what the kernel has, and then the end
	if err == nil {
		return
	}
	assert.ErrorContains(t, err, "reset")
}

// More connections than the bound wait until one ends.
func TestConnectionsAreBounded(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	limited := newLimited(l, 3)
	var accepted []net.Conn
	var mu sync.Mutex
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := limited.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			accepted = append(accepted, conn)
			mu.Unlock()
		}
	}()
	count := func() int { mu.Lock(); defer mu.Unlock(); return len(accepted) }
	for range 5 {
		conn, err := net.Dial("tcp", l.Addr().String())
		require.NoError(t, err)
		defer func() { _ = conn.Close() }()
	}
	require.Eventually(t, func() bool { return count() == 3 }, 30*time.Second, time.Millisecond)
	time.Sleep(50 * time.Millisecond)
	assert.Equal(t, 3, count())
	mu.Lock()
	first := accepted[0]
	mu.Unlock()
	_ = first.Close()
	_ = first.Close() // gives one slot back, not two
	require.Eventually(t, func() bool { return count() == 4 }, 30*time.Second, time.Millisecond)
	time.Sleep(50 * time.Millisecond)
	assert.Equal(t, 4, count())
	_ = limited.Close()
	<-done
	mu.Lock()
	defer mu.Unlock()
	for _, conn := range accepted {
		_ = conn.Close()
	}
}

// An event of the upstream's is passed on as it came; an error has all that SDKs need.
func TestEvents(t *testing.T) {
	for in, want := range map[string]string{
		`{"type":"response.created","sequence_number":0}`: "event: response.created\ndata: {\"type\":\"response.created\",\"sequence_number\":0}\n\n",
		"{\n\"sequence_number\": 4,\n\"type\":\"x.y\"}":   "event: x.y\ndata: {\ndata: \"sequence_number\": 4,\ndata: \"type\":\"x.y\"}\n\n",
		`{"type":"a\nb"}`: "data: {\"type\":\"a\\nb\"}\n\n",
		`{"type":7}`:      "data: {\"type\":7}\n\n",
		`[1]`:             "data: [1]\n\n",
		`7`:               "data: 7\n\n",
		`{"type":"error","message":"M","code":"c"}`:                       "event: error\ndata: {\"type\":\"error\",\"message\":\"M\",\"code\":\"c\",\"sequence_number\":10,\"param\":null,\"error\":{\"message\":\"M\",\"type\":\"server_error\",\"param\":null,\"code\":\"c\"}}\n\n",
		`{"type":"error","error":{"type":"t","message":"M","param":"p"}}`: "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"t\",\"message\":\"M\",\"param\":\"p\"},\"sequence_number\":10,\"code\":null,\"message\":\"M\",\"param\":\"p\"}\n\n",
	} {
		o := &reply{sequence: 9}
		o.event([]byte(in))
		assert.Equal(t, want, string(o.buffer), in)
		assert.Equal(t, strings.Contains(in, "error"), o.failed)
	}
	for in, want := range map[string]int64{
		`{"sequence_number":12}`: 12, `{"sequence_number": 3 }`: 3, `{"x":"\"sequence_number\":5"}`: -1, `{}`: -1, `{"sequence_number":"7"}`: -1,
		`{"sequence_number":99999999999999999999}`: 999999999999999999,
	} {
		assert.Equal(t, want, sequenceOf([]byte(in)), in)
	}
}

// The evidence fits its header, in printable ASCII, and says when it was cut.
func TestEvidenceFitsAHeader(t *testing.T) {
	name := strings.Repeat("m", 5000)
	e := protocol.Evidence{RequestedModel: "gpt-ü😀", EffectiveModel: &name, Adjustments: make([]protocol.Adjustment, 500)}
	for i := range e.Adjustments {
		e.Adjustments[i] = protocol.Adjustment{Field: strings.Repeat("f", 200), Action: "dropped"}
	}
	text := string(evidenceText(&e, maxEvidence))
	assert.LessOrEqual(t, len(text), maxEvidence)
	assert.Contains(t, text, `"truncated":true`)
	assert.Contains(t, text, `gpt-\u00fc\ud83d\ude00`)
	assert.Equal(t, text, printable(text))
	assert.NotContains(t, string(evidenceText(&protocol.Evidence{}, maxEvidence)), "truncated")
}

func FuzzEvent(f *testing.F) {
	f.Add(`{"type":"error","sequence_number":1,"error":null}`)
	f.Fuzz(func(t *testing.T, event string) {
		if strings.ContainsRune(event, '\r') {
			return // the SSE reader leaves none
		}
		o := &reply{sequence: -1}
		o.event([]byte(event))
		for line := range strings.SplitSeq(strings.TrimSuffix(string(o.buffer), "\n\n"), "\n") {
			require.True(t, strings.HasPrefix(line, "data: ") || strings.HasPrefix(line, "event: "), "%q", line)
		}
	})
}
