//go:build unix

package e2e

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// binFolder makes a folder with `signalbox` in it, for shells.
func binFolder(t *testing.T) string {
	t.Helper()
	self, err := filepath.Abs(os.Args[0])
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.Symlink(self, filepath.Join(dir, "signalbox")))
	return dir
}

func TestStoryOneLineOfShell(t *testing.T) {
	t.Parallel()
	const line = `printf '{"jsonrpc":"2.0","id":1,"method":"responses/create","params":{"model":"gpt-5.2-codex","input":"What is 2+2?","stream":true}}\n' | signalbox serve --simulate`
	cmd := exec.Command("sh", "-c", line)
	cmd.Env = append(asMain[:len(asMain):len(asMain)], "HOME="+t.TempDir(), "PATH="+binFolder(t)+":"+os.Getenv("PATH"))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "exit 0; stderr: %s", &stderr)
	assert.Empty(t, stderr.String())

	var methods []string
	var script transcript
	var text string
	for r := bufio.NewReader(bytes.NewReader(out)); ; {
		raw, err := readFrame(r, ndjson)
		if err != nil {
			break
		}
		m, err := parseMessage(raw)
		require.NoError(t, err)
		require.NoError(t, script.add(m)) // seq has no gaps, the result is last
		methods = append(methods, m.Method)
		text += delta(m.note().Event)
	}
	require.Greater(t, len(methods), 6)
	assert.Equal(t, "responses/started", methods[0])
	assert.Equal(t, "responses/event", methods[1])
	assert.Equal(t, []string{"responses/event", "responses/completed", ""}, methods[len(methods)-3:])
	assert.Equal(t, "2 + 2 = 4.", text)
}

func TestStoryOverContentLength(t *testing.T) {
	t.Parallel()
	h := spawn(t, options{lsp: lsp, args: []string{"--simulate"}})
	m := h.call("0", "initialize", `{"processId":null,"clientInfo":{"name":"test"},"capabilities":{}}`)
	assert.Contains(t, string(m.Result), `"framing":"lsp"`)
	h.send(notification("initialized", "{}"))
	o := h.create(`"a"`, `{"model":"gpt-5.2-codex","input":"What is 2+2?","stream":true}`)
	require.NotNil(t, o.started)
	require.NotEmpty(t, o.events)
	assert.Equal(t, "completed", o.status())
	assert.Contains(t, string(o.answer.Result), `"status":"completed"`)
	var text string
	for _, e := range o.events {
		text += delta(e)
	}
	assert.Equal(t, "2 + 2 = 4.", text)
	m = h.call("1", "shutdown", "")
	assert.Equal(t, "null", string(m.Result))
	h.send(notification("exit", ""))
	assert.Equal(t, 0, h.exit())
}

// A host's own event loop may want its pipes to be O_NONBLOCK; the flag then
// holds for us too, as both ends of a process share one open file.
func TestStoryOverNonblockingPipes(t *testing.T) {
	t.Parallel()
	for name, framing := range framings {
		t.Run(name, func(t *testing.T) {
			h := spawn(t, options{lsp: framing, nonblocking: true, args: []string{"--simulate"}})
			h.begin()
			o := h.create("1", `{"model":"gpt-5.2-pro","input":"What is 2+2?","stream":true}`)
			assert.Equal(t, "completed", o.status())
		})
	}
}
