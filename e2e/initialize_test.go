//go:build unix

package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/signalbox-dev/signalbox/auth"
	"github.com/signalbox-dev/signalbox/rpc"
	"github.com/stretchr/testify/require"
)

// values of every type of JSON, to put in the place of another.
var values = []string{`null`, `true`, `-1`, `1.5`, `1e400`, `"x"`, `[]`, `[{"x":[null]}]`, `{}`, `{"x":{"y":"\ud800"}}`}

// mutants calls use with a copy of a JSON text for every value in it, once for
// each of values in its place. path begins with the name of the outer member.
func mutants(t *testing.T, text []byte, use func(path, mutant string)) {
	t.Helper()
	var walk func(path string, value any, put func(any))
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var root any
	require.NoError(t, decoder.Decode(&root))
	top := root
	walk = func(path string, value any, put func(any)) {
		for _, other := range values {
			put(json.RawMessage(other))
			mutant, err := json.Marshal(top)
			require.NoError(t, err)
			use(path, string(mutant))
		}
		put(value)
		switch v := value.(type) {
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(v)) {
				walk(strings.TrimPrefix(path+"."+name, "."), v[name], func(other any) { v[name] = other })
			}
		case []any:
			for i := range v {
				walk(fmt.Sprint(path, "[", i, "]"), v[i], func(other any) { v[i] = other })
			}
		}
	}
	walk("", root, func(other any) { top = other })
}

// converse runs a conversation with header framing in this process, which is
// quicker than to start one for each.
func converse(t *testing.T, home string, messages ...string) []message {
	t.Helper()
	var in strings.Builder
	for _, m := range messages {
		fmt.Fprintf(&in, "Content-Length: %d\r\n\r\n%s", len(m), m)
	}
	var out bytes.Buffer
	server := rpc.New(rpc.Config{Auth: auth.NewManager(auth.Config{Home: home}), IgnoreParent: true}, strings.NewReader(in.String()), &out)
	_, err := server.Serve(t.Context(), nil)
	require.NoError(t, err)
	var all []message
	for r := bufio.NewReader(&out); ; {
		raw, err := readFrame(r, lsp)
		if err == io.EOF {
			return all
		}
		require.NoError(t, err)
		m, err := parseMessage(raw)
		require.NoError(t, err, "%s", raw)
		all = append(all, m)
	}
}

// Whatever is in any place of what an editor sends in initialize: damage to
// a member that we read is refused with its name, all other is ignored, and the
// conversation goes on.
//
// Faults: D14.
func TestMutatedInitialize(t *testing.T) {
	t.Parallel()
	ours := []string{"", "processId", "protocolVersion", "optOutNotifications"}
	for _, editor := range []string{"vscode", "neovim", "emacs"} {
		t.Run(editor, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(filepath.Join("..", "testdata", "initialize", editor+".json"))
			require.NoError(t, err)
			home := t.TempDir()
			refusals, n := 0, 0
			mutants(t, text, func(path, mutant string) {
				if n++; less() && n%5 != 0 && path != "" && path != "processId" {
					return
				}
				all := converse(t, home, request("1", "initialize", mutant), request("2", "initialize", "{}"), request("3", "ping", ""))
				require.Len(t, all, 3, "%s: %s", path, mutant)
				if all[0].Error != nil {
					refusals++
					require.Contains(t, ours, path, "%s: %s", mutant, all[0].Raw)
					if strings.ContainsAny(mutant[:1], "{[") {
						require.Equal(t, path, refused(t, all[0], -32602, "invalid_params", "").Data.Field)
					} else { // params of that type are no message
						refused(t, all[0], -32600, "invalid_request", "")
					}
					require.NotNil(t, all[1].Result, "one that was refused does not count")
				} else {
					refused(t, all[1], -32600, "invalid_request", "")
				}
				require.Equal(t, "{}", string(all[2].Result))
			})
			require.Positive(t, refusals)
			require.Greater(t, n, 500)

			// As it is, in a process, but that the editor has this process id.
			var params map[string]any
			require.NoError(t, json.Unmarshal(text, &params))
			params["processId"] = os.Getpid()
			whole, err := json.Marshal(params)
			require.NoError(t, err)
			h := spawn(t, options{lsp: lsp})
			require.Contains(t, string(h.call("1", "initialize", string(whole)).Result), `"batch":false`)
			h.send(notification("initialized", "{}"))
			h.ping()
			h.send(request("2", "shutdown", ""), notification("exit", ""))
			require.Equal(t, 0, h.exit())
		})
	}
}
