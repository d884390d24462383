//go:build unix

package e2e

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// createPro is a create on the Platform route.
const createPro = `{"model":"gpt-5.2-pro","input":"Hello.","stream":true}`

// quickStream answers with a whole stream at once.
func quickStream(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = w.Write(sse(`{"type":"response.output_text.delta","delta":"Hi."}`, completedEvent))
}

// After thousands of calls a process is what it was after a few: its goroutines,
// its file descriptors and, with room for the collector, its memory.
func TestManyCallsLeaveNothing(t *testing.T) {
	t.Parallel()
	pings, creates := 9000, 1000
	if less() {
		pings, creates = 600, 60
	}
	for name, framing := range framings {
		t.Run(name, func(t *testing.T) {
			o := serving(t, false, quickStream)
			o.lsp, o.env = framing, append(o.env, "GOTRACEBACK=all")
			calls := func(h *host, pings, creates int) {
				for id := range pings {
					require.NotNil(t, h.call(fmt.Sprint(id), []string{"ping", "auth/status"}[id%2], "").Result)
				}
				for id := range creates {
					require.Equal(t, "completed", h.create(fmt.Sprint(id), createPro).status())
				}
			}
			few, many := spawn(t, o), spawn(t, o)
			for _, h := range []*host{few, many} {
				h.begin()
				calls(h, 50, 20)
			}
			before, descriptors := many.kilobytes("VmRSS"), 0
			if runtime.GOOS == "linux" {
				descriptors = len(fds(t, many.cmd.Process.Pid))
			}
			calls(many, pings, creates)
			if runtime.GOOS == "linux" {
				assert.Less(t, many.kilobytes("VmRSS"), before+32<<10)
				awaitThat(t, "as few descriptors as before", func() bool {
					return len(fds(t, many.cmd.Process.Pid)) <= descriptors
				})
			}
			// Each may be in the middle of letting an idle connection go.
			assert.LessOrEqual(t, many.goroutines(), few.goroutines()+4)
		})
	}
}

// A thousand streams at once that are then cancelled, all in one write: each is
// answered, within 2 s, and none is left, here or upstream.
func TestThousandStreamsThenCancel(t *testing.T) { // not beside those that measure time
	streams := 1000
	if less() {
		streams = 150
	}
	for name, framing := range framings {
		t.Run(name, func(t *testing.T) {
			var open atomic.Int64
			o := serving(t, false, func(w http.ResponseWriter, r *http.Request) {
				open.Add(1)
				defer open.Add(-1)
				_, _ = io.Copy(io.Discard, r.Body)
				w.Header().Set("Content-Type", "text/event-stream")
				_, _ = w.Write(sse(`{"type":"response.output_text.delta","delta":"Hi."}`))
				w.(http.Flusher).Flush()
				<-r.Context().Done()
			})
			o.lsp, o.env = framing, append(o.env, "GOTRACEBACK=all")
			idle := spawn(t, o)
			idle.begin()
			h := spawn(t, o)
			h.begin()
			var creates, cancels []string
			for id := range streams {
				creates = append(creates, request(fmt.Sprint(id), "responses/create", createPro))
				cancels = append(cancels, notification("$/cancelRequest", fmt.Sprintf(`{"id":%d}`, id)))
			}
			h.send(creates...)
			for range 2 * streams { // its started and its event
				require.True(t, strings.HasPrefix(h.mustNext().Method, "responses/"))
			}
			require.EqualValues(t, streams, open.Load())
			h.send(cancels...)
			var all []message
			var ids []string
			for id := range streams {
				ids = append(ids, fmt.Sprint(id))
				all = append(all, h.mustNext(), h.mustNext())
			}
			cancelledReplies(t, all, ids...)
			awaitThat(t, "all of them leaving the upstream", func() bool { return open.Load() == 0 })
			if runtime.GOOS == "linux" {
				awaitThat(t, "all of their connections being closed", func() bool {
					return len(fds(t, h.cmd.Process.Pid)) <= len(fds(t, idle.cmd.Process.Pid))+4
				})
			}
			h.ping()
			assert.LessOrEqual(t, h.goroutines(), idle.goroutines()+10)
		})
	}
}

// The ids "1" and 1 are two requests, and a cancel ends the one that it names.
func TestCancelTellsStringsFromNumbers(t *testing.T) {
	t.Parallel()
	for name, framing := range framings {
		t.Run(name, func(t *testing.T) {
			h := spawn(t, options{lsp: framing, args: []string{"--simulate=idle"}})
			h.begin()
			h.openStream("1")
			h.openStream(`"1"`)
			h.send(notification("$/cancelRequest", `{"id":"\u0031"}`))
			cancelledReplies(t, []message{h.mustNext(), h.mustNext()}, `"1"`)
			h.ping() // nothing has come of the other one
			h.send(notification("$/cancelRequest", `{"id":1}`))
			cancelledReplies(t, []message{h.mustNext(), h.mustNext()}, "1")
		})
	}
}
