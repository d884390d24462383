//go:build unix

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/testcheck"
)

// A secret that somebody puts in the wrong place, in an argument, is not repeated by
// the message about it.
//
// Faults: U6.
func TestArgumentsAreMasked(t *testing.T) {
	t.Parallel()
	key, stored := "sk-"+testcheck.Canary, "plain-"+testcheck.Canary
	for _, args := range [][]string{
		{"login", "--with-api-key", key}, {"login", key}, {"logout", key}, {"status", key}, {"status", "--" + key},
		{"status", "--log-level=" + key}, {"status", "--log-level", key}, {"status", "--max-message-bytes=" + key},
		{"login", "--ports=" + key}, {"login", "--timeout=" + key}, {"status", "--issuer=" + key}, {"status", "--originator=a " + key},
		{"status", "--log-file=/absent/" + key}, {"status", "--trace=/absent/" + key}, {"status", "--simulate=" + key},
		{"route", key, key}, {"ask", "-m", key, "hello"}, {"call", key}, {"call", "auth/status", `{"` + key + `":1,"refresh":"` + key + `"}`},
		{"call", "responses/create", `{"model":"` + key + `","input":"x","_meta":{"headers":{"` + key + `":"x"}}}`},
		{"call", "responses/create", `{"model":"gpt-5.2-pro","input":"x","_meta":{"` + key + `":1}}`},
		{"call", "responses/create", `{"model":"gpt-5.2-pro","input":"x","_meta":{"route":"` + key + `"}}`},
		{"call", "ping", "{" + key}, {"call", "ping", "{}", key}, {"help", key}, {"completion", key}, {"schema", key},
		{"version", key}, {"demo", key}, {"validate", key}, {key}, {"serve", key}, {"--" + key}, {"status", stored}, {stored},
	} {
		cmd := exec.Command(os.Args[0], args...)
		home := t.TempDir()
		cmd.Env = slices.Concat(asMain, []string{"HOME=" + home, "CODEX_HOME=" + home, "OPENAI_API_KEY=" + stored})
		out, err := cmd.CombinedOutput()
		assert.Error(t, err, strings.Join(args[:len(args)-1], " "))
		assert.NotEmpty(t, out)
		assert.False(t, strings.Contains(string(out), testcheck.Canary), "%q repeats it", args[:len(args)-1])
	}
}

// Neither is one in a message of a host, however it is spelled or cut. The id of the
// request is the host's own, by which it finds the answer.
//
// Faults: U7.
func TestNamesInErrorsAreMasked(t *testing.T) {
	t.Parallel()
	key, plain := "sk-"+testcheck.Canary, strings.Repeat("plain-", 9)+testcheck.Canary+strings.Repeat("y", 99)
	for name, framing := range framings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := spawn(t, options{lsp: framing, env: []string{"OPENAI_API_KEY=" + plain}})
			h.begin()
			for i, secret := range []string{key, "\\u0073k-" + testcheck.Canary, plain, strings.Repeat("z", 50) + "/" + key} {
				for j, m := range []string{
					request("%d", secret, `{}`),
					request("%d", "auth/status", `{"refresh":"`+secret+`"}`),
					request("%d", "auth/status", `{"`+secret+`":1,"`+secret+`":2}`),
					request("%d", "routes/resolve", `{"model":"`+secret+`","route":"`+secret+`"}`),
					request("%d", "responses/create", `{"model":"`+secret+`","input":"x","_meta":{"route":"chatgpt"}}`),
					request("%d", "responses/create", `{"model":"gpt-5.2-codex","input":"x","_meta":{"headers":{"`+secret+`":"x"}}}`),
					request("%d", "responses/create", `{"model":"gpt-5.2-codex","input":"x","_meta":{"`+secret+`":"x"}}`),
					request("%d", "responses/create", `{"model":"gpt-5.2-codex","input":"x","`+secret+`":"x"}`),
					request("%d", "auth/login", `{"method":"`+secret+`"}`),
					request("%d", "auth/login/complete", `{"loginId":"`+secret+`","code":"`+secret+`","state":"`+secret+`"}`),
				} {
					if j == 0 && i == 1 {
						continue // the escape is escaped
					}
					id := fmt.Sprint(100*i + j)
					h.send(strings.ReplaceAll(m, "%d", id))
					got := h.answer(id)
					require.NotNil(t, got.Error, "message %d", j)
					assert.False(t, strings.Contains(string(got.Raw), testcheck.Canary), "message %d of secret %d repeats it", j, i)
				}
			}
		})
	}
}
