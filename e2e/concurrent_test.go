//go:build unix

package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Frames of many streams and replies never interleave, and each stream keeps
// its own order.
//
// Faults: C23.
func TestManyStreamsAtOnce(t *testing.T) {
	t.Parallel()
	for name, framing := range framings {
		t.Run(name, func(t *testing.T) {
			const streams = 100
			h := spawn(t, options{lsp: framing, args: []string{"--simulate"}})
			h.begin()
			var all []string
			for id := range streams {
				model := []string{codexModel, proModel}[id%2]
				all = append(all, request(fmt.Sprint(id), "responses/create", fmt.Sprintf(`{"model":%q,"input":"Grüße 😀 \u2028.","stream":true}`, model)))
				all = append(all, request(fmt.Sprintf(`"p%d"`, id), "ping", ""))
			}
			h.send(all...)
			answers := map[string]bool{}
			for len(answers) < 2*streams {
				m := h.mustNext() // which checks the order of each stream
				if m.isAnswer() {
					require.NotNil(t, m.Result, "%.500s", m.Raw)
					require.False(t, answers[string(m.ID)], "a second answer to %s", m.ID)
					answers[string(m.ID)] = true
				}
			}
			require.Len(t, h.script.streams, streams)
			h.ping()
		})
	}
}

// A cancel that comes when the response is about to end: one answer, and it
// agrees with completed.
//
// Faults: D6.
func TestCancelRacesTheEnd(t *testing.T) {
	t.Parallel()
	rounds := 7
	if less() {
		rounds = 2
	}
	for name, framing := range framings {
		t.Run(name, func(t *testing.T) {
			h := spawn(t, options{lsp: framing, args: []string{"--simulate"}})
			h.begin()
			seen := map[string]int{}
			for id := range 40 * rounds {
				create := request(fmt.Sprint(id), "responses/create", `{"model":"gpt-5.2-pro","input":"Hello.","stream":true}`)
				cancel := notification("$/cancelRequest", fmt.Sprintf(`{"id":%d}`, id))
				if id%40 == 0 {
					h.send(create, cancel) // hits for certain
				} else {
					h.send(create)
					for range id % 40 { // 39 are more than the stream has: too late for certain
						if m := h.mustNext(); m.Method == "responses/completed" {
							break
						}
					}
					h.send(cancel)
				}
				m := h.answer(fmt.Sprint(id))
				if m.Error != nil {
					refused(t, m, -32800, "cancelled", "")
				}
				seen[fmt.Sprint(m.Error != nil)]++
				h.ping()
			}
			assert.Len(t, seen, 2, "both ends have been seen")
		})
	}
}

// Once a signal has been taken nothing new is sent upstream: a process that is
// about to end could not answer it.
func TestNoStreamBeginsAfterASignal(t *testing.T) {
	t.Parallel()
	for name, framing := range framings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, sim := stall(t, framing, false)
			require.NoError(t, h.cmd.Process.Signal(syscall.SIGTERM))
			awaitThat(t, "the abort upstream", aborted(sim, 0)) // the signal was taken
			h.send(request("2", "responses/create", `{"model":"gpt-5.2-codex","input":"Hello.","stream":true}`))
			assert.Equal(t, 143, h.wait(patience))
			assert.Len(t, paths(sim), 1)
		})
	}
}

// 1,000 requests at once: each is answered, by its own stream, or told busy. With
// few file descriptors they fail cleanly.
//
// Faults: C23.
func TestThousandRequestsAtOnce(t *testing.T) {
	if testing.Short() {
		t.Log("SKIP: a thousand streams take a while")
		return
	}
	n := 1000
	if less() {
		n = 300
	}
	serve := func(t *testing.T) options {
		return serving(t, false, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(sse(firstEvent, lastEvent)) })
	}
	outcomes := func(h *host) map[string]int {
		var mu sync.Mutex
		counts := map[string]int{}
		go func() {
			for i := range n {
				_, _ = io.WriteString(h.in, h.frame(request(fmt.Sprint(i), "responses/create", createPro)))
			}
		}()
		for range n {
			m := h.mustNext()
			for !m.isAnswer() {
				m = h.mustNext()
			}
			mu.Lock()
			counts[m.failure().Data.Kind]++
			mu.Unlock()
		}
		return counts
	}
	h := spawn(t, serve(t))
	counts := outcomes(h)
	assert.Equal(t, n, counts[""]+counts["busy"], "%v", counts)
	assert.Positive(t, counts[""])
	if !slowBinary {
		assert.Less(t, h.kilobytes("VmHWM"), 200<<10)
	}

	o := serve(t)
	cmd := exec.Command("sh", append([]string{"-c", `ulimit -n 64 && exec "$0" "$@"`, os.Args[0], "serve"}, o.args...)...)
	cmd.Env = slices.Concat(asMain, []string{"HOME=" + t.TempDir(), "CODEX_HOME=" + t.TempDir()}, o.env)
	h = run(t, cmd, o)
	counts = outcomes(h)
	assert.Equal(t, n, counts[""]+counts["upstream_unavailable"]+counts["busy"], "%v", counts)
	h.ping()
}
