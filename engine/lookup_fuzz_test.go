package engine

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/signalbox-dev/signalbox/protocol"
)

// What a backend answers to a lookup, or says in an event or a header, is read
// without a fall, and what was read can be told.
func FuzzLookups(f *testing.F) {
	for _, seed := range []string{
		`{"models":[{"slug":"m","priority":1e400,"context_window":1e300,"supported_reasoning_levels":[{"effort":"low"},7]}],"data":[{"id":"x"}]}`,
		`{"plan_type":"plus","rate_limit":{"primary_window":{"used_percent":1e308,"limit_window_seconds":-1,"reset_at":1e30}},"credits":{"balance":[1]}}`,
		`{"type":"codex.rate_limits","rate_limits":{"primary":{"used_percent":1,"window_minutes":1e11,"reset_after_seconds":1e11}},"metered_limit_name":"a_b"}`,
		checked("https://us.chatgpt.com", "us"), checked("https://\x00", "us"), `[]`, `null`, ``, "1e999", "12ms",
	} {
		f.Add([]byte(seed))
	}
	e := New(Config{Credentials: newEngine(f, "").cfg.Credentials})
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, read := range []func([]byte) ([]listed, bool){e.readChatGPTModels, e.readPlatformModels} {
			models, _ := read(text)
			for _, m := range models {
				if m.id == "" || m.contextWindow < 0 {
					t.Fatalf("%+v", m)
				}
			}
		}
		usage, _ := readUsage(text, unmasked)
		header := http.Header{}
		for _, name := range []string{"X-Codex-Primary-Used-Percent", "X-Codex-Primary-Reset-At", "X-Codex-Primary-Window-Minutes", "X-Ratelimit-Reset-Tokens", "X-Ratelimit-Limit-Tokens"} {
			header.Set(name, string(text))
		}
		for _, said := range []any{usage, eventLimits(text, unmasked), headerLimits(header, unmasked), quotas(header)} {
			if !json.Valid(protocol.Encode(said)) {
				t.Fatal("not JSON")
			}
		}
		if c, err := readConstraint(text, fakeAccount); err == nil && c.origin != "" && !strings.HasSuffix(c.origin, "chatgpt.com") {
			t.Fatal(c.origin)
		}
	})
}
