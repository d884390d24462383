//go:build unix

package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A host that reads a few KB at a time of a stream of hundreds of MB: what it
// has not read stays upstream, the memory of the process stays small, a ping is
// read meanwhile, and once the host reads faster nothing has been lost.
//
// Faults: C24, D3.
func TestUpstreamWaitsForASlowHost(t *testing.T) { // not beside those that measure time
	total := 500 << 20
	limit := 100 << 10 // kB of memory
	if less() {
		total = 50 << 20
	}
	if slowBinary {
		limit = 300 << 10
	}
	const size = 16 << 10
	event := fmt.Appendf(nil, "data: {\"type\":\"response.output_text.delta\",\"delta\":%q}\n\n", strings.Repeat("x", size))
	block := bytes.Repeat(event, 16)
	for name, tls := range map[string]bool{"http1": false, "h2": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var sent atomic.Int64
			o := serving(t, tls, func(w http.ResponseWriter, r *http.Request) {
				assert.Equal(t, tls, r.ProtoMajor == 2)
				_, _ = io.Copy(io.Discard, r.Body)
				w.Header().Set("Content-Type", "text/event-stream")
				for left := total; left > 0; left -= 16 * size {
					if _, err := w.Write(block); err != nil {
						return
					}
					sent.Add(16 * size)
				}
				_, _ = w.Write(sse(completedEvent))
			})
			o.lsp = tls
			h := spawn(t, o)
			h.begin()
			h.send(request("1", "responses/create", createPro), request("2", "ping", ""))
			// Not through h.next, which keeps and parses all.
			slow := &throttled{in: h.out}
			reader := bufio.NewReaderSize(slow, 4<<10)
			seen, answers := 0, map[string]bool{}
			for len(answers) < 2 {
				_ = h.out.SetReadDeadline(time.Now().Add(patience))
				raw, err := readFrame(reader, o.lsp)
				require.NoError(t, err)
				switch head := string(raw[:min(len(raw), 200)]); {
				case strings.HasPrefix(head, `{"jsonrpc":"2.0","id":`):
					answers[head[:len(`{"jsonrpc":"2.0","id":1,"result"`)]] = true
				case strings.Contains(head, `"method":"responses/completed"`):
					assert.Equal(t, (total+16*size-1)/(16*size)*16+2, seen)
					assert.Contains(t, head, fmt.Sprintf(`"seq":%d,"status":"completed"`, seen))
					seen++
				default:
					require.Contains(t, head, fmt.Sprintf(`"seq":%d,`, seen), "nothing is dropped")
					seen++
				}
				if slow.fast = seen > 60; seen == 60 {
					assert.Less(t, sent.Load(), int64(40<<20), "what is not read stays upstream")
				}
			}
			assert.Equal(t, map[string]bool{`{"jsonrpc":"2.0","id":1,"result"`: true, `{"jsonrpc":"2.0","id":2,"result"`: true}, answers)
			assert.Less(t, h.kilobytes("VmHWM"), limit)
		})
	}
}

// throttled reads at most 1 KB each millisecond, until it is fast.
type throttled struct {
	in   io.Reader
	fast bool
}

func (r *throttled) Read(p []byte) (int, error) {
	if r.fast {
		return r.in.Read(p)
	}
	time.Sleep(time.Millisecond) // the slowness itself
	return r.in.Read(p[:min(len(p), 1<<10)])
}
