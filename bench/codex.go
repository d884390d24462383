package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// codex starts `codex app-server` with the upstream as its provider, and nothing
// else that it could reach.
func (b *bench) codex(up *upstream) *child {
	home := filepath.Join(b.dir, "codex")
	check(os.MkdirAll(home, 0o700))
	check(os.WriteFile(filepath.Join(home, "config.toml"), fmt.Appendf(nil, `model = "burst-500-pro"
model_provider = "bench"
approval_policy = "never"
sandbox_mode = "read-only"
check_for_update_on_startup = false

[analytics]
enabled = false

[model_providers.bench]
name = "bench"
base_url = %q
wire_api = "responses"
env_key = "BENCH_KEY"
`, up.base()), 0o600))
	const nowhere = "http://127.0.0.1:9"
	c := spawn("codex app-server", readCodex, []string{"CODEX_HOME=" + home, "HOME=" + home, "BENCH_KEY=sk-bench",
		"HTTPS_PROXY=" + nowhere, "HTTP_PROXY=" + nowhere, "NO_PROXY=127.0.0.1", "RUST_LOG=off"},
		codexBinary(), "app-server")
	c.send(`{"id":0,"method":"initialize","params":{"clientInfo":{"name":"bench","version":"1"}}}` + "\n" + `{"method":"initialized"}` + "\n")
	c.until(`"id":0`)
	return c
}

// codexBinary is the program itself, without the script around it, so that its
// processor time is measured.
func codexBinary() string {
	found, _ := filepath.Glob("node/node_modules/@openai/codex-*/vendor/*/bin/codex")
	if len(found) == 0 {
		found, _ = filepath.Glob("node/node_modules/@openai/codex*/vendor/*/codex/codex")
	}
	if len(found) == 0 {
		panic("bench: the binary of codex was not found")
	}
	return found[0]
}

// readCodex runs one turn in a thread of its own.
func readCodex(c *child, model string) {
	c.runs++
	c.send(fmt.Sprintf(`{"id":%d,"method":"thread/start","params":{"model":%q,"cwd":"/"}}`+"\n", c.runs, model))
	answer := c.line(fmt.Sprintf(`{"id":%d,`, c.runs))
	var started struct {
		Result struct{ Thread struct{ ID string } }
	}
	check(json.Unmarshal([]byte(answer), &started))
	if started.Result.Thread.ID == "" {
		panic("codex: " + answer)
	}
	c.runs++
	c.send(fmt.Sprintf(`{"id":%d,"method":"turn/start","params":{"threadId":%q,"model":%q,"input":[{"type":"text","text":"x"}]}}`+"\n", c.runs, started.Result.Thread.ID, model))
	c.until(`"method":"turn/completed"`)
}

// line reads lines up to the one that begins with prefix.
func (c *child) line(prefix string) string {
	var text []byte
	for {
		m, err := c.out.Read(c.buf)
		check(err)
		text = append(text, c.buf[:m]...)
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, prefix) && strings.HasSuffix(line, "\n") {
				return line
			}
		}
	}
}
