//go:build unix

package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/internal/testcheck"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Pipes as hosts have them (docs/faults.md: Streams and pipes in the wild).

// neighbourVariable makes this test binary another process that shares the pipes of
// signalbox, from file descriptor 3 on.
const neighbourVariable = "SIGNALBOX_TEST_NEIGHBOUR"

// setSharedPipes makes the pipes of a neighbour "nonblocking" or "blocking", for all
// that share them.
func setSharedPipes(mode string) {
	for fd := 3; syscall.SetNonblock(fd, mode == "nonblocking") == nil; fd++ {
	}
}

// neighbour runs another process that sets the flag of pipes that are shared with it.
func neighbour(t *testing.T, mode string, pipes ...*os.File) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), neighbourVariable+"="+mode)
	cmd.ExtraFiles = pipes
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// eachPipe runs a test in both framings over pipes and over sockets.
func eachPipe(t *testing.T, test func(t *testing.T, o options)) {
	for name, framing := range framings {
		for _, sockets := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/sockets %v", name, sockets), func(t *testing.T) {
				t.Parallel()
				test(t, options{lsp: framing, sockets: sockets})
			})
		}
	}
}

// Another process makes our pipes non-blocking after the start, as a Node launcher
// does: nothing is lost, and the end is still the end.
//
// Faults: G2.
func TestPipesBecomeNonblocking(t *testing.T) {
	t.Parallel()
	eachPipe(t, func(t *testing.T, o options) {
		o.upstream, o.keep = simulated(t, simulator.Config{Replay: longStream()}), true
		h := spawn(t, o)
		h.begin()
		h.ping()
		neighbour(t, "nonblocking", h.kept...)
		h.ping() // read by the read that was blocked already
		h.ping() // this one finds no data first
		h.write(h.frame(request("7", "ping", ""))[:10])
		neighbour(t, "nonblocking", h.kept...) // meanwhile it waits for the rest
		h.write(h.frame(request("7", "ping", ""))[10:])
		require.JSONEq(t, "{}", string(h.answer("7").Result))
		// In the middle of a stream that fills stdout.
		neighbour(t, "blocking", h.kept...)
		h.send(request("1", "responses/create", `{"model":"gpt-5.2-codex","input":"Hello.","stream":true}`))
		h.awaitStall()
		neighbour(t, "nonblocking", h.kept...)
		got := h.outcome("1")
		assert.Equal(t, "completed", got.status())
		assert.Len(t, got.events, longEvents+1)
		for _, pipe := range h.kept {
			require.NoError(t, pipe.Close())
		}
		require.NoError(t, h.in.Close())
		if o.lsp {
			assert.Equal(t, 1, h.exit(), "the editor is gone")
		} else {
			assert.Equal(t, 0, h.exit())
		}
		assert.Empty(t, h.stderr.String())
	})
}

// A frame that is larger than a pipe is written in parts, while the flag changes, and
// the host reads it in odd pieces.
//
// Faults: G2.
func TestLargeFramesThroughANonblockingPipe(t *testing.T) {
	t.Parallel()
	const large = 1 << 20
	event := fmt.Sprintf(`{"type":"response.output_text.delta","delta":"%s"}`, strings.Repeat("0123456789abcdef", large/16))
	stream := "data: " + event + "\n\ndata: " + event + "\n\n" + `data: {"type":"response.completed","response":{}}` + "\n\n"
	eachPipe(t, func(t *testing.T, o options) {
		o.upstream, o.keep = simulated(t, simulator.Config{Replay: []byte(stream)}), true
		h := spawn(t, o)
		h.begin()
		h.send(request("1", "responses/create", `{"model":"gpt-5.2-codex","input":"Hello.","stream":true}`))
		h.awaitStall()
		neighbour(t, "nonblocking", h.kept...)
		h.reader = bufio.NewReaderSize(io.TeeReader(&oddPieces{from: h.out}, &h.stdout), 1000)
		got := h.outcome("1")
		require.Len(t, got.events, 3)
		for _, e := range got.events[:2] {
			assert.True(t, event == string(e), "an event came otherwise than it was sent")
		}
		// The host's side, too: a request of many parts.
		h.send(request("2", "auth/status", fmt.Sprintf(`{"x":%q}`, strings.Repeat("x", large))))
		require.NotNil(t, h.answer("2").Result)
		h.ping()
	})
}

// oddPieces reads a few bytes at a time.
type oddPieces struct {
	from io.Reader
	n    int
}

func (o *oddPieces) Read(p []byte) (int, error) {
	o.n = (o.n + 577) % 1999
	return o.from.Read(p[:min(len(p), o.n+1)])
}

// launcher is a program that starts signalbox with its own stdio and then uses that
// itself, which makes it non-blocking (libuv).
const launcher = `
const child = require('child_process').spawn('signalbox', process.argv.slice(2), {stdio: 'inherit'});
child.on('exit', (code) => process.exit(code));
setTimeout(() => {
  process.stdin.on('error', () => {});
  process.stdout.on('error', () => {});
  process.stdin.pause();
  process.stderr.write('the launcher has looked at its stdio\n');
}, 200);
`

// Faults: G2.
func TestNodeLauncherWithInheritedStdio(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("there is no node")
	}
	script := filepath.Join(t.TempDir(), "launcher.js")
	require.NoError(t, os.WriteFile(script, []byte(launcher), 0o600))
	eachPipe(t, func(t *testing.T, o options) {
		o.upstream = simulated(t, simulator.Config{Replay: longStream()})
		cmd := serveCommand(t, o)
		cmd.Path, cmd.Args = node, slices.Concat([]string{"node", script}, cmd.Args[1:])
		cmd.Env = append(cmd.Env, "PATH="+binFolder(t)+":"+os.Getenv("PATH"))
		h := run(t, cmd, o)
		h.begin()
		h.ping()
		awaitThat(t, "the launcher at its stdio", func() bool { return strings.Contains(h.stderr.String(), "looked at its stdio") })
		h.ping()
		h.ping()
		h.send(request("1", "responses/create", `{"model":"gpt-5.2-codex","input":"Hello.","stream":true}`))
		h.awaitStall()
		got := h.outcome("1")
		assert.Equal(t, "completed", got.status())
		assert.Len(t, got.events, longEvents+1)
		require.NoError(t, h.in.Close())
		code := 0
		if o.lsp {
			code = 1
		}
		assert.Equal(t, code, h.exit())
	})
}

// What is no end of a pipe is said, and is never exit 0.
//
// Faults: G8.
func TestFailingPipesAreSaid(t *testing.T) {
	t.Parallel()
	open := func(path string, flags int) *os.File {
		file, err := os.OpenFile(path, flags, 0)
		require.NoError(t, err)
		t.Cleanup(func() { _ = file.Close() })
		return file
	}
	ping := filepath.Join(t.TempDir(), "ping")
	require.NoError(t, os.WriteFile(ping, []byte(request("1", "ping", "")+"\n"), 0o600))
	rows := map[string]struct {
		stdin, stdout *os.File
		said          string
	}{
		"stdin is a folder":          {open(t.TempDir(), os.O_RDONLY), nil, "signalbox: stdin cannot be read: is a directory\n"},
		"stdin is for writing":       {open(os.DevNull, os.O_WRONLY), nil, "signalbox: stdin cannot be read: bad file descriptor\n"},
		"stdout is for reading":      {open(ping, os.O_RDONLY), open(os.DevNull, os.O_RDONLY), "signalbox: stdout cannot be written: bad file descriptor\n"},
		"the disk of stdout is full": {open(ping, os.O_RDONLY), nil, "signalbox: stdout cannot be written: no space left on device\n"},
	}
	if full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0); err == nil {
		defer func() { _ = full.Close() }()
		row := rows["the disk of stdout is full"]
		row.stdout = full
		rows["the disk of stdout is full"] = row
	} else {
		delete(rows, "the disk of stdout is full")
	}
	for name, row := range rows {
		for _, args := range [][]string{nil, {"--framing=lsp"}, {"--framing=ndjson", "--log-file=" + filepath.Join(t.TempDir(), "log")}} {
			if row.stdout != nil && slices.Contains(args, "--framing=lsp") {
				continue // its input is a line
			}
			_, err := row.stdin.Seek(0, io.SeekStart)
			_ = err // a folder has no start
			cmd := serveCommand(t, options{args: args})
			var stderr bytes.Buffer
			cmd.Stdin, cmd.Stdout, cmd.Stderr = row.stdin, row.stdout, &stderr
			_ = cmd.Run()
			assert.Equal(t, 1, cmd.ProcessState.ExitCode(), "%s %s", name, args)
			assert.Equal(t, row.said, stderr.String(), "%s %s", name, args)
		}
	}
}

// Commands for people wait as well: their output into a pipe that is full, their
// input from one that is empty.
//
// Faults: G2.
func TestCommandsWaitForNonblockingPipes(t *testing.T) {
	t.Parallel()
	start := func(sim *simulator.Server, command string, args ...string) (*host, *os.File, *os.File) {
		o := options{keep: true, upstream: sim}
		cmd := serveCommand(t, o)
		cmd.Args[1] = command
		if sim == nil {
			cmd.Args = cmd.Args[:2]
		}
		cmd.Args = append(cmd.Args, args...)
		h := run(t, cmd, o)
		return h, h.kept[0], h.kept[1]
	}
	t.Run("output", func(t *testing.T) {
		sim := simulated(t, simulator.Config{Replay: longStream()})
		h, _, stdout := start(sim, "call", "responses/create", `{"model":"gpt-5.2-codex","input":"Hello.","stream":true}`)
		h.awaitStall()
		neighbour(t, "nonblocking", stdout)
		require.NoError(t, stdout.Close())
		_ = h.out.SetReadDeadline(time.Now().Add(patience))
		text, err := io.ReadAll(h.out)
		require.NoError(t, err)
		assert.Equal(t, longEvents+4, bytes.Count(text, []byte("\n")), "started, the events, completed, the result")
		assert.Regexp(t, `\{"result":.*\}\n$`, string(text[len(text)-3000:]))
		assert.Equal(t, 0, h.wait(patience))
	})
	t.Run("input", func(t *testing.T) {
		h, stdin, _ := start(nil, "login", "--with-api-key")
		neighbour(t, "nonblocking", stdin)
		h.write("sk-proj-" + testcheck.Canary)
		neighbour(t, "nonblocking", stdin) // it has read that, and waits
		h.write("-rest\n")
		require.NoError(t, stdin.Close())
		require.NoError(t, h.in.Close())
		assert.Equal(t, 0, h.wait(patience), "%s", h.stderr.String())
	})
}

// The log goes on where it was when stderr has room again: no line is cut.
//
// Faults: G2.
func TestLogThroughANonblockingPipe(t *testing.T) {
	t.Parallel()
	o := options{args: []string{"--log-level=debug"}}
	theirs, ours := o.pipe(t, true)
	defer func() { _, _ = theirs.Close(), ours.Close() }()
	cmd := serveCommand(t, o)
	cmd.Stderr = theirs
	h := run(t, cmd, o)
	neighbour(t, "nonblocking", theirs)
	for range 40 { // more than a pipe holds
		var pings []string
		for i := range 50 {
			pings = append(pings, request(fmt.Sprint(i), "ping", ""))
		}
		h.send(pings...)
		for range 50 {
			require.True(t, h.mustNext().isAnswer())
		}
	}
	require.NoError(t, theirs.Close())
	require.NoError(t, h.in.Close())
	_ = ours.SetReadDeadline(time.Now().Add(patience))
	text, err := io.ReadAll(ours)
	require.NoError(t, err)
	assert.Equal(t, 0, h.exit())
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	assert.Greater(t, len(lines), 500)
	for _, line := range lines {
		assert.Regexp(t, `^time=\S+ level=DEBUG msg=(answered method=ping ms=\d+|"stdin has ended")$`, line)
	}
}

// NDJSON over ssh: stdin has ended, the upstream is silent, and then the link is cut.
// The hang-up of stdout ends the process within a second, without a write.
//
// Faults: G3.
func TestHangUpEndsTheDrain(t *testing.T) {
	t.Parallel()
	for _, sockets := range []bool{false, true} {
		t.Run(fmt.Sprintf("sockets %v", sockets), func(t *testing.T) {
			t.Parallel()
			h, left := silent(t, options{sockets: sockets})
			require.NoError(t, h.in.Close())
			h.awaitInputEnd()
			start := time.Now()
			require.NoError(t, h.out.Close())
			assert.Equal(t, 1, h.wait(patience))
			within(t, start, time.Second)
			<-left // the upstream sees it, too
		})
	}
	t.Run("one socket for both", func(t *testing.T) { // as sshd has it
		t.Parallel()
		h, left := silent(t, options{sockets: true, oneSocket: true})
		raw, err := h.in.SyscallConn()
		require.NoError(t, err)
		require.NoError(t, raw.Control(func(fd uintptr) { err = syscall.Shutdown(int(fd), syscall.SHUT_WR) }))
		require.NoError(t, err)
		h.awaitInputEnd()
		start := time.Now()
		require.NoError(t, h.in.Close())
		assert.Equal(t, 1, h.wait(patience))
		within(t, start, time.Second)
		<-left
	})
}

// While stdin is open, the host may open its end again, as that of a FIFO: only the
// next write finds out that nobody reads.
//
// Faults: G3.
func TestHangUpBeforeTheEndOfStdin(t *testing.T) {
	t.Parallel()
	h, left := silent(t, options{})
	require.NoError(t, h.out.Close())
	select {
	case <-h.ended:
		t.Fatal("it has ended without a write")
	case <-time.After(500 * time.Millisecond):
	}
	h.write(request("2", "ping", "") + "\n")
	assert.Equal(t, 1, h.wait(patience))
	<-left
}

// silent starts a process with a stream whose upstream says nothing after its first
// event. left is closed when the upstream sees that nobody waits.
func silent(t *testing.T, o options) (h *host, left chan struct{}) {
	t.Helper()
	left = make(chan struct{})
	s := serving(t, false, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, `data: {"type":"response.created","response":{}}`+"\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		close(left)
	})
	o.env, o.args = s.env, append(s.args, "--log-level=debug")
	h = spawn(t, o)
	h.send(request("1", "responses/create", `{"model":"gpt-5.2-pro","input":"Hello.","stream":true}`))
	for {
		if m := h.mustNext(); m.Method == "responses/event" {
			return h, left
		}
	}
}

// awaitInputEnd waits until the process has seen the end of its input.
func (h *host) awaitInputEnd() {
	h.t.Helper()
	awaitThat(h.t, "the end of stdin", func() bool { return strings.Contains(h.stderr.String(), "stdin has ended") })
}

// A host whose parser refuses a lone surrogate asks for U+FFFD; another one gets what
// the upstream sent.
//
// Faults: G9.
func TestHostAsksForWellFormedStrings(t *testing.T) {
	t.Parallel()
	const event = `{"type":"response.of.a.later.release","delta":"\ud83d \ud83d\ude00 \\ud83d \u0000"}`
	const last = `{"type":"response.completed","response":{"output":[{"text":"\ude00"}]}}`
	for name, framing := range framings {
		for params, replaced := range map[string]bool{
			`{}`: false, `{"capabilities":{"general":{"wellFormedStrings":false}}}`: false,
			`{"capabilities":{"general":{"wellFormedStrings":true}}}`: true,
		} {
			sim := simulated(t, simulator.Config{Replay: []byte("data: " + event + "\n\ndata: " + last + "\n\n")})
			h := spawn(t, options{lsp: framing, upstream: sim})
			require.NotNil(t, h.call("0", "initialize", params).Result)
			h.send(request("1", "responses/create", `{"model":"gpt-5.2-codex","input":"Hello.","stream":true}`))
			got := h.outcome("1")
			require.Len(t, got.events, 2)
			h.send(request("2", "responses/create", `{"model":"gpt-5.2-codex","input":"Hello."}`))
			var result struct{ Response json.RawMessage }
			require.NoError(t, json.Unmarshal(h.outcome("2").answer.Result, &result))
			whole := result.Response
			if replaced {
				assert.Equal(t, `{"type":"response.of.a.later.release","delta":"\ufffd \ud83d\ude00 \\ud83d \u0000"}`, string(got.events[0]), name)
				assert.Equal(t, `{"output":[{"text":"\ufffd"}]}`, string(whole), name)
			} else {
				assert.Equal(t, event, string(got.events[0]), name)
				assert.Equal(t, `{"output":[{"text":"\ude00"}]}`, string(whole), name)
			}
		}
	}
}
