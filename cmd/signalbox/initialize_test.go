//go:build unix

package main

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
	var walk func(path string, value any, put func(json.RawMessage))
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var root any
	require.NoError(t, decoder.Decode(&root))
	top := root
	walk = func(path string, value any, put func(json.RawMessage)) {
		for _, other := range values {
			put(json.RawMessage(other))
			mutant, err := json.Marshal(top)
			require.NoError(t, err)
			use(path, string(mutant))
		}
		top = root
		switch v := value.(type) {
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(v)) {
				whole := v[name]
				walk(strings.TrimPrefix(path+"."+name, "."), whole, func(raw json.RawMessage) { v[name] = raw })
				v[name] = whole
			}
		case []any:
			for i, whole := range v {
				walk(fmt.Sprint(path, "[", i, "]"), whole, func(raw json.RawMessage) { v[i] = raw })
				v[i] = whole
			}
		}
	}
	walk("", root, func(raw json.RawMessage) { top = raw })
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
	server := rpc.New(rpc.Config{Auth: auth.NewManager(auth.Config{Home: home}), IgnoreParent: true})
	server.Serve(t.Context(), strings.NewReader(in.String()), &out, nil)
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

// Whatever stands in any place of what an editor sends in initialize: damage to
// a member that we read is refused with its name, all other is ignored, and the
// conversation goes on.
func TestMutatedInitialize(t *testing.T) {
	t.Parallel()
	ours := []string{"", "processId", "protocolVersion", "optOutNotifications"}
	for _, editor := range []string{"vscode", "neovim", "emacs"} {
		t.Run(editor, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(filepath.Join("..", "..", "testdata", "initialize", editor+".json"))
			require.NoError(t, err)
			home := t.TempDir()
			refusals, n := 0, 0
			mutants(t, text, func(path, mutant string) {
				if n++; slowBinary && n%5 != 0 && path != "" && path != "processId" {
					return
				}
				all := converse(t, home, request("1", "initialize", mutant), request("2", "initialize", "{}"), request("3", "ping", ""))
				require.Len(t, all, 3, "%s: %s", path, mutant)
				if all[0].Error != nil {
					refusals++
					e := refused(t, all[0], -32602, "invalid_params", "")
					require.Contains(t, ours, path, "%s: %s", mutant, all[0].Raw)
					require.Equal(t, path, e.Data.Field)
					require.NotNil(t, all[1].Result, "one that was refused does not count")
				} else if e := all[1].failure(); mutant != "null" && mutant != "{}" || e.Code != 0 {
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
			require.NotNil(t, h.call("1", "initialize", string(whole)).Result)
			h.send(notification("initialized", "{}"))
			h.ping()
			h.send(request("2", "shutdown", ""), notification("exit", ""))
			require.Equal(t, 0, h.exit())
		})
	}
}
