package main

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"time"
)

const (
	streams = 1000
	hz      = 50
)

// paced: 1,000 streams at 50 deltas a second each, over HTTP/1.1 and HTTP/2.
func (b *bench) paced() {
	fmt.Printf("\n## %d streams at %d events/s, %d rounds of %d s\n\n", streams, hz, *rounds, *seconds)
	fmt.Println("| upstream | program | events/s | x bare | CPU, cores | resident MB, peak | first delta ms | later ms, median | p99 |\n|---|---|---|---|---|---|---|---|---|")
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2"} {
		up := newUpstream(protocol == "HTTP/2")
		var env []string
		if protocol == "HTTP/2" {
			env = []string{"SSL_CERT_FILE=" + up.certificate(b.dir)}
		}
		bare, box := b.bare(up, env...), b.signalbox(up, env...)
		base, ours := figures{}, figures{}
		n := hz * *seconds
		model := fmt.Sprintf("paced-%d-%d-pro", hz, n)
		for _, c := range []*child{bare, box} { // a connection that says HTTP/2
			c.read(c, "burst-1-pro")
		}
		for range *rounds {
			paceOne(bare, base, n, func() { bare.send(fmt.Sprintf("%d %s\n", streams, model)); bare.until("done ") })
			paceOne(box, ours, n, func() { box.readMany(model, ours) })
		}
		fmt.Printf("| %s | bare | %.0f | | %.2f | %.0f | | | |\n", protocol, median(base["rate"]), median(base["cores"]), slices.Max(base["rss"]))
		fmt.Printf("| %s | signalbox | %.0f | %.3f | %.2f | %.0f | %.1f | %.2f | %.1f |\n", protocol, median(ours["rate"]),
			ours.ratio("rate", base, "rate"), median(ours["cores"]), slices.Max(ours["rss"]), median(ours["first"]), median(ours["later"]), median(ours["p99"]))
		b.stop()
		b.children = nil
		up.CloseClientConnections()
		up.Close()
	}
}

// paceOne runs all streams once. The rate is over the whole: from the first
// request to the last answer.
func paceOne(c *child, f figures, n int, run func()) {
	var peak atomic.Int64
	stop := make(chan struct{})
	sampled := make(chan struct{})
	go func() {
		defer close(sampled)
		for {
			peak.Store(max(peak.Load(), int64(c.memory("VmRSS"))))
			select {
			case <-stop:
				return
			case <-time.After(200 * time.Millisecond):
			}
		}
	}()
	cpu, begun := c.cpu(), time.Now()
	run()
	took := time.Since(begun)
	close(stop)
	<-sampled
	f.add("rate", float64(streams*n)/took.Seconds())
	f.add("cores", (c.cpu()-cpu).Seconds()/took.Seconds())
	f.add("rss", float64(peak.Load()))
}

// readMany sends all requests and reads frames until all are answered. An event
// tells when the upstream sent it.
func (c *child) readMany(model string, f figures) {
	for range streams {
		c.runs++
		c.send(frame(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"responses/create","params":{"model":%q,"input":"x","stream":true}}`, c.runs, model)))
	}
	late := make([]time.Duration, 0, 1<<20)
	begun := time.Now()
	firsts := map[string]time.Duration{}
	var buf []byte
	for answers := 0; answers < streams; {
		m, err := c.out.Read(c.buf)
		check(err)
		now := time.Now()
		buf = append(buf, c.buf[:m]...)
		for {
			head := bytes.Index(buf, []byte("\r\n\r\n"))
			if head < 0 {
				break
			}
			length, err := strconv.Atoi(string(buf[len("Content-Length: "):head]))
			check(err)
			if len(buf) < head+4+length {
				break
			}
			message := buf[head+4 : head+4+length]
			buf = buf[head+4+length:]
			if bytes.HasPrefix(message, []byte(`{"jsonrpc":"2.0","id":`)) {
				if !bytes.Contains(message, []byte(`"status":"completed"`)) {
					panic(string(message))
				}
				answers++
			} else if _, rest, ok := bytes.Cut(message, []byte(`"delta":"@`)); ok {
				text, _, _ := bytes.Cut(rest, []byte("@"))
				sent, err := strconv.ParseInt(string(text), 10, 64)
				check(err)
				late = append(late, now.Sub(time.Unix(0, sent)))
				if id := string(streamOf(message)); firsts[id] == 0 {
					firsts[id] = now.Sub(begun)
				}
			}
		}
	}
	slices.Sort(late)
	all := make([]float64, 0, len(firsts))
	for _, d := range firsts {
		all = append(all, d.Seconds()*1e3)
	}
	f.add("first", median(all))
	f.add("later", late[len(late)/2].Seconds()*1e3)
	f.add("p99", late[len(late)*99/100].Seconds()*1e3)
}

// streamOf returns the streamId of a notification.
func streamOf(message []byte) []byte {
	_, rest, _ := bytes.Cut(message, []byte(`"streamId":"`))
	id, _, _ := bytes.Cut(rest, []byte(`"`))
	return id
}
