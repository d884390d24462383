//go:build unix

package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/internal/testcheck"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// patience bounds every wait of these tests. It is no promise; the promised
// times are asserted where they are tested.
const patience = 30 * time.Second

// Arguments and framings that most tests use.
const (
	ndjson = false
	lsp    = true
)

// options of a process under test.
type options struct {
	lsp  bool
	args []string // behind serve
	env  []string
	// home is CODEX_HOME; "": an empty folder.
	home string
	// upstream sets the base URLs and, unless home is set, the login.
	upstream *simulator.Server
	// nonblocking: the process gets pipes with O_NONBLOCK.
	nonblocking bool
	// sockets connects socket pairs instead of pipes.
	sockets bool
	// oneSocket makes one pair serve for both directions.
	oneSocket bool
	// keep keeps the ends of the process open, in host.kept.
	keep bool
	// stderr of the process; 0: it is read and checked.
	stderr stderrKind
}

type stderrKind int

const (
	stderrFull   stderrKind = iota + 1 // a pipe that nobody reads
	stderrClosed                       // a pipe whose reader is gone
)

// host is a program that has spawned signalbox: it holds the ends of its pipes.
// It reads only when it is asked to. Its methods belong to the goroutine of the
// test, except those of in.
type host struct {
	t      *testing.T
	lsp    bool
	cmd    *exec.Cmd
	in     *os.File // to the process
	out    *os.File // from the process
	reader *bufio.Reader
	stdout bytes.Buffer // every byte that was read
	stderr *syncBuffer
	ended  chan struct{}
	script transcript
	limits []message // limits/changed
	pings  int
	kept   []*os.File
}

// spawn starts `signalbox serve`.
func spawn(t *testing.T, o options) *host {
	t.Helper()
	return run(t, serveCommand(t, o), o)
}

// serveCommand returns the command `signalbox serve`, without its pipes.
func serveCommand(t *testing.T, o options) *exec.Cmd {
	t.Helper()
	home := o.home
	if home == "" {
		home = t.TempDir()
		if o.upstream != nil {
			require.NoError(t, o.upstream.WriteHome(home))
		}
	}
	cmd := exec.Command(os.Args[0], append([]string{"serve"}, o.args...)...)
	if o.upstream != nil {
		cmd.Args = append(cmd.Args, "--chatgpt-base-url="+o.upstream.ChatGPTURL(), "--platform-base-url="+o.upstream.PlatformURL(),
			"--issuer="+o.upstream.IssuerURL())
	}
	cmd.Env = slices.Concat(asMain, []string{"HOME=" + t.TempDir(), "TMPDIR=" + t.TempDir(), "CODEX_HOME=" + home}, o.env)
	return cmd
}

// run starts cmd, which speaks as signalbox does, with pipes as its stdin and
// stdout.
func run(t *testing.T, cmd *exec.Cmd, o options) *host {
	t.Helper()
	stdin, in := o.pipe(t, false)
	stdout, out := stdin, in
	if !o.oneSocket {
		stdout, out = o.pipe(t, true)
	}
	h := &host{t: t, lsp: o.lsp, cmd: cmd, in: in, out: out, stderr: &syncBuffer{}, ended: make(chan struct{})}
	h.reader = bufio.NewReader(io.TeeReader(out, &h.stdout))
	h.script.lsp = o.lsp
	cmd.Stdin, cmd.Stdout = stdin, stdout
	if cmd.Stderr == nil {
		cmd.Stderr = h.stderr
	}
	if o.stderr != 0 {
		stderr, ours := o.pipe(t, true)
		defer func() { _ = stderr.Close() }()
		cmd.Stderr = stderr
		if o.stderr == stderrClosed {
			require.NoError(t, ours.Close())
		} else {
			t.Cleanup(func() { _ = ours.Close() })
		}
	}
	err := cmd.Start()
	if o.keep {
		h.kept = []*os.File{stdin, stdout}
		t.Cleanup(func() { _, _ = stdin.Close(), stdout.Close() })
	} else { // the process has its own; stdout must end when it does
		_, _ = stdin.Close(), stdout.Close()
	}
	require.NoError(t, err)
	go func() {
		_ = cmd.Wait() // the code is in ProcessState
		close(h.ended)
	}()
	t.Cleanup(h.cleanup)
	return h
}

// cleanup ends the process and checks what must hold in every test.
func (h *host) cleanup() {
	_ = h.cmd.Process.Kill()
	<-h.ended
	_, _ = h.in.Close(), h.out.Close()
	logged := h.stderr.String()
	for name, text := range map[string]string{"stdout": h.stdout.String(), "stderr": logged} {
		if strings.Contains(text, testcheck.Canary) {
			h.t.Errorf("a secret was written to %s", name)
		}
	}
	if strings.Contains(logged, "DATA RACE") || strings.Contains(logged, "fatal error:") {
		h.t.Errorf("the process reports:\n%s", logged)
	}
	if h.t.Failed() {
		h.t.Logf("stderr:\n%.4000s", strings.ReplaceAll(logged, testcheck.Canary, "CANARY"))
	}
}

// frame puts a message into a frame.
func (h *host) frame(message string) string {
	if h.lsp {
		return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(message), message)
	}
	return message + "\n"
}

// send writes messages, all in one write.
func (h *host) send(messages ...string) {
	h.t.Helper()
	var all strings.Builder
	for _, m := range messages {
		all.WriteString(h.frame(m))
	}
	h.write(all.String())
}

// write writes bytes as they are.
func (h *host) write(text string) {
	h.t.Helper()
	_ = h.in.SetWriteDeadline(time.Now().Add(patience))
	_, err := h.in.WriteString(text)
	require.NoError(h.t, err, "write to stdin")
}

// next reads one message; io.EOF at the end of stdout. limits/changed, which
// comes when it likes, is checked and put aside.
func (h *host) next() (message, error) {
	h.t.Helper()
	for {
		m, err := h.readMessage()
		if err != nil || m.Method != "limits/changed" {
			return m, err
		}
		h.limits = append(h.limits, m)
	}
}

func (h *host) readMessage() (message, error) {
	h.t.Helper()
	_ = h.out.SetReadDeadline(time.Now().Add(patience))
	raw, err := readFrame(h.reader, h.lsp)
	if err != nil {
		if err != io.EOF {
			h.t.Fatalf("stdout: %v\nstderr:\n%.4000s", err, h.stderr.String())
		}
		return message{}, err
	}
	m, err := parseMessage(raw)
	if err == nil {
		err = h.script.add(m)
	}
	if err != nil {
		h.t.Fatalf("%v in %.2000s", err, raw)
	}
	return m, nil
}

// mustNext is next where stdout must not end.
func (h *host) mustNext() message {
	h.t.Helper()
	m, err := h.next()
	require.NoError(h.t, err, "stdout ended")
	return m
}

// answer reads until the answer to the raw id.
func (h *host) answer(id string) message {
	h.t.Helper()
	for {
		if m := h.mustNext(); m.isAnswer() && string(m.ID) == id {
			return m
		}
	}
}

// call sends a request and reads until its answer; params are JSON or "".
func (h *host) call(id, method, params string) message {
	h.t.Helper()
	h.send(request(id, method, params))
	return h.answer(id)
}

// ping asserts that the process still answers, and answers this next.
func (h *host) ping() {
	h.t.Helper()
	h.pings++
	id := fmt.Sprintf("%q", fmt.Sprint("ping ", h.pings))
	h.send(request(id, "ping", ""))
	m := h.mustNext()
	require.Equal(h.t, id, string(m.ID), "expected the answer to ping, got %.500s", m.Raw)
	require.JSONEq(h.t, "{}", string(m.Result))
}

// rest reads to the end of stdout.
func (h *host) rest() []message {
	h.t.Helper()
	var all []message
	for {
		m, err := h.next()
		if err == io.EOF {
			return all
		}
		all = append(all, m)
	}
}

// wait returns the exit code; the process must end within the limit.
func (h *host) wait(limit time.Duration) int {
	h.t.Helper()
	select {
	case <-h.ended:
	case <-time.After(limit):
		h.t.Fatalf("the process still runs after %v", limit)
	}
	return h.cmd.ProcessState.ExitCode()
}

// closeStdout stops reading for good and lets the process notice. One write of
// its is not enough: a child that the tests start at this very moment holds our
// end of the pipe until it is another program.
func (h *host) closeStdout() {
	h.t.Helper()
	require.NoError(h.t, h.out.Close())
	awaitThat(h.t, "the process noticing", func() bool {
		_, _ = io.WriteString(h.in, h.frame(request("1", "ping", "")))
		select {
		case <-h.ended:
			return true
		default:
			return false
		}
	})
}

// exit reads the rest of stdout and gives the exit code.
func (h *host) exit() int {
	h.t.Helper()
	h.rest()
	return h.wait(patience)
}

// request writes a request; params are JSON or "".
func request(id, method, params string) string {
	if params != "" {
		params = `,"params":` + params
	}
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"method":%q%s}`, id, method, params)
}

// notification writes a notification; params are JSON or "".
func notification(method, params string) string {
	if params != "" {
		params = `,"params":` + params
	}
	return fmt.Sprintf(`{"jsonrpc":"2.0","method":%q%s}`, method, params)
}

// within asserts a promised time, with room for a busy machine.
func within(t *testing.T, start time.Time, limit time.Duration) {
	t.Helper()
	assert.Less(t, time.Since(start), limit+busy)
}

// awaitThat polls until something is true.
func awaitThat(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not come to hold", what)
		}
	}
}

// paths are those of the requests that reached the simulator, except the one
// that asks for the region of a workspace. Unlike the requests they may be printed.
func paths(sim *simulator.Server) []string {
	var all []string
	for _, r := range sim.Requests() {
		if r.Path != "/backend-api/wham/accounts/check" {
			all = append(all, r.Path)
		}
	}
	return all
}
