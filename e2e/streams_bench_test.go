//go:build unix

package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/signalbox-dev/signalbox/internal/testcheck"
	"github.com/stretchr/testify/require"
)

// benchHost is a signalbox for a benchmark: NDJSON, the Platform a handler.
type benchHost struct {
	b    *testing.B
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  io.Reader
	stop func()
}

func benchServe(b *testing.B, tls bool, handler http.HandlerFunc) *benchHost {
	b.Helper()
	server := httptest.NewUnstartedServer(handler)
	env := slices.Concat(asMain, []string{"HOME=" + b.TempDir(), "OPENAI_API_KEY=sk-" + testcheck.Canary})
	if tls {
		server.EnableHTTP2 = true
		server.StartTLS()
		file := b.TempDir() + "/ca.pem"
		require.NoError(b, os.WriteFile(file, pemOf(server.Certificate().Raw), 0o600))
		env = append(env, "CODEX_CA_CERTIFICATE="+file)
	} else {
		server.Start()
	}
	cmd := exec.Command(os.Args[0], "serve", "--platform-base-url="+server.URL)
	cmd.Env = env
	in, err := cmd.StdinPipe()
	require.NoError(b, err)
	out, err := cmd.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, cmd.Start())
	h := &benchHost{b: b, cmd: cmd, in: in, out: out}
	h.stop = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		server.CloseClientConnections()
		server.Close()
	}
	b.Cleanup(func() { h.stop() })
	return h
}

// kilobytes reads a figure of kB in /proc/PID/status (proc(5)); 0 elsewhere.
func (h *benchHost) kilobytes(name string) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", h.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	n, _ := strconv.ParseFloat(string(regexp.MustCompile(name + `:\s+(\d+) kB`).FindSubmatch(text)[1]), 64)
	return n
}

// cpu returns the time that the process has computed (proc(5), fields 14 and 15 in
// hundredths of a second); 0 elsewhere.
func (h *benchHost) cpu() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", h.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+2:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// BenchmarkThousandStreams is 1,000 streams at once, each of 50 events a second
// of about 200 bytes for 5 seconds: how many events arrive a second, how late the
// last of each stream is, and what a stream costs in memory and in CPU.
func BenchmarkThousandStreams(b *testing.B) {
	const streams, rate, seconds = 1000, 50, 5
	event := sse(`{"type":"response.output_text.delta","sequence_number":117,"item_id":"msg_0cb795418d859a0c0069730cda35788195906a301e3b3cd3f5","output_index":0,"content_index":0,"delta":" token","logprobs":[]}`)
	for name, tls := range map[string]bool{"http1": false, "h2": true} {
		b.Run(name, func(b *testing.B) {
			var events, late, memory, cpu float64
			for range b.N {
				h := benchServe(b, tls, func(w http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body)
					control := http.NewResponseController(w)
					begin := time.Now()
					for i := range rate * seconds {
						_, _ = w.Write(event)
						_ = control.Flush()
						time.Sleep(time.Until(begin.Add(time.Duration(i+1) * time.Second / rate)))
					}
					_, _ = w.Write(sse(lastEvent))
				})
				reader := bufio.NewReaderSize(h.out, 1<<20)
				line := func() []byte {
					text, err := reader.ReadSlice('\n')
					require.NoError(b, err)
					return text
				}
				_, _ = io.WriteString(h.in, request("0", "ping", "")+"\n")
				line()
				idle := h.kilobytes("VmRSS")
				begin := time.Now()
				go func() {
					for i := range streams {
						_, _ = io.WriteString(h.in, request(fmt.Sprint(i+1), "responses/create", createPro)+"\n")
					}
				}()
				total, answers := 0, 0
				for answers < streams {
					switch text := line(); {
					case bytes.HasPrefix(text, []byte(`{"jsonrpc":"2.0","method":"responses/event"`)):
						total++
					case bytes.HasPrefix(text, []byte(`{"jsonrpc":"2.0","id":`)):
						require.NotContains(b, string(text[:min(len(text), 60)]), `"error"`)
						answers++
					}
				}
				took := time.Since(begin)
				require.Equal(b, streams*(rate*seconds+1), total)
				events += float64(total) / took.Seconds()
				late += took.Seconds() - seconds
				memory += (h.kilobytes("VmHWM") - idle) / streams
				cpu += h.cpu().Seconds() / took.Seconds()
				h.stop()
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(events/float64(b.N), "events/s")
			b.ReportMetric(late/float64(b.N), "s-late")
			b.ReportMetric(memory/float64(b.N), "KB/stream")
			b.ReportMetric(100*cpu/float64(b.N), "%CPU")
		})
	}
}

// BenchmarkLargeEvent is one large event from a real connection to a real pipe.
func BenchmarkLargeEvent(b *testing.B) {
	for _, megabytes := range []int{2, 16} {
		b.Run(fmt.Sprintf("%dMiB", megabytes), func(b *testing.B) {
			body := slices.Concat(sse(fmt.Sprintf(`{"type":"x","b64":%q}`, strings.Repeat("QUJD", megabytes<<18))), sse(lastEvent))
			h := benchServe(b, false, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) })
			reader := bufio.NewReaderSize(h.out, 32<<20)
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				_, _ = io.WriteString(h.in, request("1", "responses/create", createPro)+"\n")
				for {
					text, err := reader.ReadSlice('\n')
					require.NoError(b, err)
					if bytes.HasPrefix(text, []byte(`{"jsonrpc":"2.0","id":1`)) {
						break
					}
				}
			}
		})
	}
}

// BenchmarkSlowReader is a host that reads 1 MB a second of a stream of 1 GB/s
// and more, for four seconds: what the process takes meanwhile.
func BenchmarkSlowReader(b *testing.B) {
	block := bytes.Repeat(sse(fmt.Sprintf(`{"type":"response.output_text.delta","delta":%q}`, strings.Repeat("x", 1000))), 64)
	for name, tls := range map[string]bool{"http1": false, "h2": true} {
		b.Run(name, func(b *testing.B) {
			var grown float64
			for range b.N {
				h := benchServe(b, tls, func(w http.ResponseWriter, _ *http.Request) {
					for {
						if _, err := w.Write(block); err != nil {
							return
						}
					}
				})
				_, _ = io.WriteString(h.in, request("1", "responses/create", createPro)+"\n")
				piece := make([]byte, 10<<10)
				_, err := io.ReadFull(h.out, piece)
				require.NoError(b, err)
				var first float64
				for i := range 400 {
					_, err := io.ReadFull(h.out, piece)
					require.NoError(b, err)
					if time.Sleep(10 * time.Millisecond); i == 50 {
						first = h.kilobytes("VmHWM")
					}
				}
				grown += h.kilobytes("VmHWM") - first
				h.stop()
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(grown/float64(b.N), "KB-grown")
		})
	}
}
