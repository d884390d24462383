package main

import (
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

// upstream is the Platform on loopback. The model of a request is the workload:
//
//	burst-N-pro        N deltas as fast as they are read, 64 in a write
//	size-BYTES-N-pro   N events of that size
//	paced-HZ-N-pro     N deltas, HZ a second, each in a write of its own
//
// The suffix lets the routing of signalbox take them for Platform models.
type upstream struct {
	*httptest.Server
	// running paced streams, and the deltas that they have sent.
	running, sent atomic.Int64
}

// base is the base URL.
func (u *upstream) base() string { return u.URL + "/v1" }

func newUpstream(withTLS bool) *upstream {
	u := &upstream{}
	u.Server = httptest.NewUnstartedServer(http.HandlerFunc(u.serve))
	u.Config.ErrorLog = log.New(io.Discard, "", 0)
	if withTLS {
		u.EnableHTTP2 = true
		u.StartTLS()
	} else {
		u.Start()
	}
	return u
}

// certificate writes the file that makes clients trust it.
func (u *upstream) certificate(dir string) string {
	path := filepath.Join(dir, "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: u.Certificate().Raw})
	check(os.WriteFile(path, text, 0o600))
	return path
}

// item is the id of the message that the deltas belong to.
const item = "msg_0cb795418d859a0c0069730cda35788195906a301e3b3cd3f5"

// delta is one token, as the real backends send it: 271 bytes.
func delta(n int, text string) string {
	return fmt.Sprintf("event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"sequence_number\":%d,"+
		"\"item_id\":\"%s\",\"output_index\":0,\"content_index\":0,\"delta\":\"%s\",\"logprobs\":[],\"obfuscation\":\"Zk3PqX9s1Q\"}\n\n", n, item, text)
}

func event(kind, members string) string {
	return fmt.Sprintf("event: %s\ndata: {\"type\":%q,\"sequence_number\":0,%s}\n\n", kind, kind, members)
}

func (u *upstream) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/responses") {
		http.Error(w, `{"error":{"message":"not served"}}`, http.StatusNotFound)
		return
	}
	_, model, _ := strings.Cut(string(body), `"model":"`)
	model, _, _ = strings.Cut(model, `"`)
	w.Header().Set("Content-Type", "text/event-stream")
	response := func(status string) string {
		return fmt.Sprintf(`"response":{"id":"resp_1","object":"response","created_at":1,"model":%q,"status":%q,"output":[],"usage":{"input_tokens":1,"input_tokens_details":{"cached_tokens":0},"output_tokens":1,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":2}}`, model, status)
	}
	message := func(status, text string) string {
		return fmt.Sprintf(`"output_index":0,"item":{"id":%q,"type":"message","role":"assistant","status":%q,"content":[{"type":"output_text","text":%q,"annotations":[]}]}`, item, status, text)
	}
	_, _ = io.WriteString(w, event("response.created", response("in_progress"))+event("response.output_item.added", message("in_progress", "")))
	kind, rest, _ := strings.Cut(strings.TrimSuffix(model, "-pro"), "-")
	var a, n int
	switch kind {
	case "burst":
		_, _ = fmt.Sscanf(rest, "%d", &n)
		block := strings.Repeat(delta(117, " token"), 64)
		one := len(block) / 64
		for left := n; left > 0; left -= 64 {
			if _, err := io.WriteString(w, block[:min(left, 64)*one]); err != nil {
				return
			}
		}
	case "size":
		_, _ = fmt.Sscanf(rest, "%d-%d", &a, &n)
		text := delta(117, strings.Repeat("word ", a/5))
		for range n {
			if _, err := io.WriteString(w, text); err != nil {
				return
			}
		}
	case "paced":
		_, _ = fmt.Sscanf(rest, "%d-%d", &a, &n)
		u.pace(w, a, n)
	}
	_, _ = io.WriteString(w, event("response.output_item.done", message("completed", "token"))+event("response.completed", response("completed")))
}

// pace sends deltas that hold the time when they were sent.
func (u *upstream) pace(w http.ResponseWriter, hz, n int) {
	out := http.NewResponseController(w)
	_ = out.Flush()
	u.running.Add(1)
	defer u.running.Add(-1)
	every := time.Second / time.Duration(hz)
	next := time.Now()
	for range n {
		time.Sleep(time.Until(next))
		next = next.Add(every)
		if _, err := io.WriteString(w, delta(117, fmt.Sprintf("@%d@", time.Now().UnixNano()))); err != nil {
			return
		}
		if out.Flush() != nil {
			return
		}
		u.sent.Add(1)
	}
}
