package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// door is a way to the upstream over HTTP.
type door struct {
	name string
	*child
	base, token string
	client      *http.Client
}

// open starts a program that prints its base URL, or none: the upstream itself.
func (b *bench) open(name, base string, command ...string) *door {
	d := &door{name: name, base: base}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 2000
	d.client = &http.Client{Transport: transport}
	if command == nil {
		return d
	}
	d.child = spawn(name, nil, []string{"CODEX_HOME=" + filepath.Join(b.dir, "home"), "OPENAI_API_KEY=sk-bench-0123456789"}, command...)
	b.children = append(b.children, d.child)
	line, err := bufio.NewReader(d.out).ReadString('\n')
	check(err)
	var ready struct {
		Base string `json:"base_url"`
		File string `json:"token_file"`
	}
	check(json.Unmarshal([]byte(line), &ready))
	d.base = ready.Base
	if ready.File != "" {
		token, err := os.ReadFile(ready.File)
		check(err)
		d.token = strings.TrimSpace(string(token))
	}
	return d
}

// ask sends one request and returns when its first delta was there. httputil's proxy cuts
// an answer now and then; such a request is made again, and does not count.
func (d *door) ask(model string, count *atomic.Int64) time.Duration {
	for range 5 {
		if first, whole := d.try(model, count); whole {
			return first
		}
	}
	panic(d.name + " cuts every answer")
}

// try is ask, once. whole is false if the answer was cut.
func (d *door) try(model string, count *atomic.Int64) (first time.Duration, whole bool) {
	begun := time.Now()
	r, err := http.NewRequest(http.MethodPost, d.base+"/responses", strings.NewReader(fmt.Sprintf(`{"model":%q,"input":"x","stream":true,"_meta":{"fillOutput":false}}`, model)))
	check(err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+d.token)
	res, err := d.client.Do(r)
	check(err)
	defer func() { _ = res.Body.Close() }()
	lines := bufio.NewReaderSize(res.Body, 32<<10)
	for {
		line, err := lines.ReadSlice('\n')
		if strings.HasPrefix(string(line), "event: response.output_text.delta") {
			if first == 0 {
				first = time.Since(begun)
			}
			if count != nil {
				count.Add(1)
			}
		}
		switch err {
		case nil, bufio.ErrBufferFull:
		case io.EOF:
			return first, true
		default:
			return first, false
		}
	}
}

// gateway: the gateway beside the pipe, a plain reverse proxy and the upstream itself.
func (b *bench) gateway() {
	up := newUpstream(false)
	defer up.Close()
	box := b.signalbox(up)
	direct := b.open("direct", up.base())
	proxy := b.open("reverse proxy", "", b.program("proxy"), up.URL)
	gate := b.open("gateway", "", b.program("signalbox"), "gateway", "--listen=127.0.0.1:0", "--platform-base-url="+up.base())
	const deltas = 50_000
	cpu, first := map[string]figures{"pipe": {}, proxy.name: {}, gate.name: {}}, map[string]figures{}
	for _, d := range []*door{direct, proxy, gate} {
		first[d.name] = figures{}
		d.ask("burst-500-pro", nil) // to get warm
	}
	box.read(box, "burst-500-pro")
	for range *rounds {
		cpu["pipe"].measure(box, fmt.Sprintf("burst-%d-pro", deltas), deltas)
		for _, d := range []*door{proxy, gate} {
			before := d.cpu()
			d.ask(fmt.Sprintf("burst-%d-pro", deltas), nil)
			cpu[d.name].add("cpu", float64((d.cpu()-before).Nanoseconds())/deltas)
		}
		for range 100 {
			for _, d := range []*door{direct, proxy, gate} {
				first[d.name].add("first", float64(d.ask("burst-1-pro", nil).Nanoseconds()))
			}
		}
	}
	fmt.Printf("\n## Gateway: median of %d rounds\n\n", *rounds)
	fmt.Println("| way | CPU ms / 1,000 deltas | x pipe | first delta, us | x direct |\n|---|---|---|---|---|")
	fmt.Printf("| pipe | %.2f | 1 | | |\n", median(cpu["pipe"]["cpu"])/1e3)
	fmt.Printf("| direct | | | %.0f | 1 |\n", median(first["direct"]["first"])/1e3)
	for _, d := range []*door{proxy, gate} {
		fmt.Printf("| %s | %.2f | %.2f | %.0f | %.2f |\n", d.name, median(cpu[d.name]["cpu"])/1e3, cpu[d.name].ratio("cpu", cpu["pipe"], "cpu"),
			median(first[d.name]["first"])/1e3, first[d.name].ratio("first", first["direct"], "first"))
	}
	const streams, hz = 1000, 10
	fmt.Printf("\n%d streams of %d deltas a second for %d s:\n\n| way | delivered of what was sent, %% | peak MB |\n|---|---|---|\n", streams, hz, *seconds)
	for _, d := range []*door{proxy, gate} {
		up.sent.Store(0)
		var all sync.WaitGroup
		var got atomic.Int64
		for range streams {
			all.Go(func() { d.ask(fmt.Sprintf("paced-%d-%d-pro", hz, hz**seconds), &got) })
		}
		all.Wait()
		fmt.Printf("| %s | %.1f | %.0f |\n", d.name, 100*float64(got.Load())/float64(up.sent.Load()), d.memory("VmHWM"))
	}
}
