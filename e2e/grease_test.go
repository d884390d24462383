//go:build unix

package e2e

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// plainTalk is a conversation whose answers are the same in every process.
var plainTalk = []string{
	request("1", "ping", ""),
	request("2", "routes/resolve", `{"model":"gpt-5.2-codex"}`),
	request("3", "routes/resolve", `{"model":"gpt-5.2-pro","route":"platform"}`),
	request("4", "routes/resolve", `{"model":7}`),
	request(`"five"`, "auth/status", `{}`),
	request("6", "responses/cancel", `{"streamId":"none"}`),
	request("7", "no/such/method", `{}`),
	request("8", "responses/create", `{"model":7}`),
	request("9", "ping", `[1]`),
	request("10", "initialize", `{"protocolVersion":2}`),
	notification("$/cancelRequest", `{"id":1}`),
	request("1", "ping", `{}`),
	request("11", "shutdown", ""),
	request("12", "ping", ""),
}

// grease adds what nobody knows.
type grease struct{ *rand.Rand }

func (g grease) member() string {
	return fmt.Sprintf(`"x-grease-%x":%s`, g.Uint64(), values[g.IntN(len(values))])
}

// message adds members to the envelope and, where it has them, to the params,
// which begin an object.
func (g grease) message(m string) string {
	m = strings.Replace(m, `{"jsonrpc"`, "{"+g.member()+`,"jsonrpc"`, 1)
	m = m[:len(m)-1] + "," + g.member() + "}"
	if before, params, found := strings.Cut(m, `"params":{`); found {
		sep := ","
		if params[0] == '}' {
			sep = ""
		}
		m = before + `"params":{` + g.member() + sep + params
	}
	return m
}

// frame adds headers.
func (g grease) frame(h *host, m string) string {
	framed := h.frame(m)
	if !h.lsp {
		return strings.Repeat("\n", g.IntN(2)) + framed
	}
	for range g.IntN(3) {
		framed = fmt.Sprintf("X-Grease-%x: %x;=\t%x\r\n", g.Uint32(), g.Uint64(), g.Uint64()) + framed
	}
	return framed
}

// between returns messages that are ignored.
func (g grease) between() string {
	return [...]string{
		"",
		notification(fmt.Sprintf("grease/%x", g.Uint64()), ""),
		notification(fmt.Sprintf("$/%x", g.Uint64()), `{`+g.member()+`}`),
		notification("workspace/didChangeConfiguration", `{"settings":`+values[g.IntN(len(values))]+`}`),
		notification("$/setTrace", `[`+values[g.IntN(len(values))]+`]`),
		`{"jsonrpc":"2.0","id":` + fmt.Sprint(g.Uint32()) + `,"result":` + values[g.IntN(len(values))] + `,` + g.member() + `}`,
	}[g.IntN(6)]
}

// talk holds plainTalk with a process, with grease unless it is nil, and gives
// all that comes out of it.
func talk(t *testing.T, framing bool, home string, g *grease) string {
	t.Helper()
	h := spawn(t, options{lsp: framing, home: home})
	if framing == lsp {
		h.begin()
	}
	for _, m := range plainTalk {
		isRequest := strings.Contains(m, `"id":`) && !strings.Contains(m, "$/cancelRequest")
		if g != nil {
			if extra := g.between(); extra != "" {
				h.write(g.frame(h, g.message(extra)))
			}
			h.write(g.frame(h, g.message(m)))
		} else {
			h.send(m)
		}
		if isRequest {
			h.mustNext()
		}
	}
	h.send(notification("exit", ""))
	require.Equal(t, 0, h.exit())
	return h.stdout.String()
}

// Unknown members, headers and notifications change not a byte of the answers.
//
// Faults: D14.
func TestGreaseChangesNothing(t *testing.T) {
	t.Parallel()
	for name, framing := range framings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			home := t.TempDir()
			want := talk(t, framing, home, nil)
			require.Equal(t, 1, strings.Count(want, `"five"`))
			seed := rand.Uint64()
			g := &grease{rand.New(rand.NewPCG(seed, 0))}
			rounds := 10
			if less() {
				rounds = 3
			}
			for range rounds {
				require.Equal(t, want, talk(t, framing, home, g), "seed %d", seed)
			}
		})
	}
}
