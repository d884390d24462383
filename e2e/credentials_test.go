//go:build unix

package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/internal/testcheck"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// object is a JSON object of auth.json.
type object = map[string]any

// tokens is the member tokens of an auth.json.
func tokens(auth object) object { return auth["tokens"].(object) }

// fakeToken is a JWT of the shape of an access token, which ends at a time.
func fakeToken(expires time.Time) string {
	segment := base64.RawURLEncoding.EncodeToString
	payload, _ := json.Marshal(object{
		"exp": expires.Unix(), "canary": testcheck.Canary,
		"https://api.openai.com/auth": object{"chatgpt_account_id": "account-1", "chatgpt_plan_type": "plus"},
	})
	return segment([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + segment(payload) + "." + testcheck.Canary
}

// editedHome is a home of the simulator with another auth.json.
func editedHome(t *testing.T, sim *simulator.Server, edit func(auth object)) string {
	t.Helper()
	home := t.TempDir()
	require.NoError(t, sim.WriteHome(home))
	path := filepath.Join(home, "auth.json")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var auth object
	require.NoError(t, json.Unmarshal(text, &auth))
	edit(auth)
	text, err = json.Marshal(auth)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, text, 0o600))
	return home
}

// The models that are pinned to a route each.
const (
	codexModel = "gpt-5.2-codex"
	proModel   = "gpt-5.2-pro"
)

// A credential that is missing, expired or of the wrong kind is refused before
// any network call, and never replaced by the other one
// (docs/credentials.md: Where a credential comes from).
func TestCredentialsRefusedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	key := "sk-proj-" + testcheck.Canary
	valid, expired := fakeToken(time.Now().Add(time.Hour)), fakeToken(time.Now().Add(-time.Hour))
	for name, row := range map[string]struct {
		edit   func(auth object)
		env    []string
		model  string
		meta   string
		code   int
		kind   string
		reason string
		need   string
	}{
		"codex with a key only":         {edit: func(a object) { delete(a, "tokens"); a["auth_mode"] = "apikey" }, model: codexModel, code: 1002, kind: "credential_mismatch", reason: "wrong_kind", need: "chatgpt"},
		"codex with a key as the token": {edit: func(a object) { tokens(a)["access_token"] = key }, model: codexModel, code: 1002, kind: "credential_mismatch", reason: "wrong_kind", need: "chatgpt"},
		"codex with a key in its env":   {env: []string{"OPENAI_OAUTH_ACCESS_TOKEN=" + key}, model: codexModel, code: 1002, kind: "credential_mismatch", reason: "wrong_kind", need: "chatgpt"},
		"pro with a token only":         {edit: func(a object) { a["OPENAI_API_KEY"], tokens(a)["id_token"] = nil, nil }, model: proModel, code: 1002, kind: "credential_mismatch", reason: "wrong_kind", need: "platformKey"},
		"pro with a token as the key":   {edit: func(a object) { a["OPENAI_API_KEY"] = valid }, model: proModel, code: 1002, kind: "credential_mismatch", reason: "wrong_kind", need: "platformKey"},
		"pro with a token in the env":   {env: []string{"OPENAI_API_KEY=" + valid}, model: proModel, code: 1002, kind: "credential_mismatch", reason: "wrong_kind", need: "platformKey"},
		"codex with an expired token":   {edit: func(a object) { tokens(a)["access_token"], tokens(a)["refresh_token"] = expired, "" }, model: codexModel, code: 1001, kind: "login_required", reason: "token_expired", need: "chatgpt"},
		"codex from another issuer": {edit: func(a object) {
			tokens(a)["access_token"], tokens(a)["oauth_provenance"] = expired, object{"issuer": "https://auth.example"}
		}, model: codexModel, code: 1002, kind: "credential_mismatch", reason: "foreign_issuer", need: "chatgpt"},
		"codex with an expired env":      {env: []string{"OPENAI_OAUTH_ACCESS_TOKEN=" + expired}, model: codexModel, code: 1001, kind: "login_required", need: "chatgpt"},
		"codex with nothing":             {edit: func(a object) { clear(a) }, model: codexModel, code: 1001, kind: "login_required", reason: "no_credentials", need: "chatgpt"},
		"pro with nothing":               {edit: func(a object) { clear(a) }, model: proModel, code: 1001, kind: "login_required", reason: "no_credentials", need: "platformKey"},
		"any other model with nothing":   {edit: func(a object) { clear(a) }, model: "gpt-5.2", code: 1001, kind: "login_required", reason: "no_credentials"},
		"codex with another account":     {edit: func(a object) { tokens(a)["account_id"] = "other" }, model: codexModel, code: 1002, kind: "credential_mismatch", reason: "account_mismatch", need: "chatgpt"},
		"codex without an account":       {edit: func(a object) { tokens(a)["access_token"], tokens(a)["id_token"] = "opaque-"+testcheck.Canary, nil }, model: codexModel, code: 1002, kind: "credential_mismatch", reason: "missing_account_id", need: "chatgpt"},
		"codex asked for on platform":    {model: codexModel, meta: `{"route":"platform"}`, code: 1002, kind: "credential_mismatch", reason: "pinned_route"},
		"pro asked for on chatgpt":       {model: proModel, meta: `{"route":"chatgpt"}`, code: 1002, kind: "credential_mismatch", reason: "pinned_route"},
		"an auth_mode that is not ours":  {edit: func(a object) { a["auth_mode"] = "agentIdentity" }, model: codexModel, code: 1003, kind: "credential_store", reason: "unsupported_auth_mode"},
		"a bad base of chatgpt":          {env: []string{"SIGNALBOX_CHATGPT_BASE_URL=https://evil.example/x"}, model: codexModel, code: 1002, kind: "credential_mismatch", reason: "bad_override"},
		"a bad base of the platform":     {env: []string{"OPENAI_BASE_URL=http://evil.example/v1"}, model: proModel, code: 1002, kind: "credential_mismatch", reason: "bad_override"},
		"a base with a password":         {env: []string{"OPENAI_BASE_URL=https://user:" + testcheck.Canary + "@api.openai.com/v1"}, model: proModel, code: 1002, kind: "credential_mismatch", reason: "bad_override"},
		"a foreign base of the platform": {env: []string{"OPENAI_BASE_URL=https://proxy.example/v1"}, model: proModel, code: 1002, kind: "credential_mismatch", reason: "foreign_base_url"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := simulated(t, simulator.Config{})
			if row.edit == nil {
				row.edit = func(object) {}
			}
			if row.meta == "" {
				row.meta = "{}"
			}
			o := options{home: editedHome(t, sim, row.edit), env: row.env, lsp: lsp}
			if len(row.env) == 0 || row.kind != "credential_mismatch" || row.reason == "wrong_kind" || row.reason == "foreign_issuer" {
				o.upstream = sim
			}
			h := spawn(t, o)
			h.begin()
			got := h.create("1", fmt.Sprintf(`{"model":%q,"input":"Hello.","stream":true,"_meta":%s}`, row.model, row.meta))
			// It has started, so it has a completed; a lone one has seq 0.
			assert.Nil(t, got.started)
			require.NotNil(t, got.completed)
			assert.Equal(t, 0, *got.completed.Seq)
			assert.Equal(t, "failed", got.status())
			e := got.answer.failure()
			assert.Equal(t, row.code, e.Code, "%s", got.answer.Raw)
			assert.Equal(t, row.kind, e.Data.Kind)
			if row.reason != "" {
				assert.Equal(t, row.reason, e.Data.Reason)
			}
			if row.need != "" {
				assert.Equal(t, row.need, e.Data.Need)
			}
			assert.False(t, e.Data.Retryable)
			require.NotNil(t, e.Data.Evidence)
			assert.Nil(t, e.Data.Evidence.BaseURL)
			assert.Equal(t, "unknown", e.Data.Evidence.CredentialSource)
			// routes/resolve returns the same error.
			wanted := ""
			if row.reason == "pinned_route" {
				wanted = `,` + row.meta[1:len(row.meta)-1]
			}
			same := h.call("2", "routes/resolve", fmt.Sprintf(`{"model":%q%s}`, row.model, wanted)).failure()
			assert.Equal(t, e.Code, same.Code)
			assert.Equal(t, e.Data.Reason, same.Data.Reason)
			h.ping()
			assert.Empty(t, paths(sim), "nothing may be sent")
		})
	}
}

// An auth.json that cannot be used is 1003; auth/status says so, the next request
// works, and a repaired file counts at once.
func TestUnreadableAuthJSON(t *testing.T) {
	t.Parallel()
	write := func(text string) func(t *testing.T, path string) {
		return func(t *testing.T, path string) { require.NoError(t, os.WriteFile(path, []byte(text), 0o600)) }
	}
	for name, spoil := range map[string]func(t *testing.T, path string){
		"a directory":          func(t *testing.T, path string) { require.NoError(t, os.Mkdir(path, 0o700)) },
		"a loop of links":      func(t *testing.T, path string) { require.NoError(t, os.Symlink(path, path)) },
		"empty":                write(``),
		"truncated":            write(`{"auth_mode":"chatgpt","tokens":{"access_token":"` + testcheck.Canary),
		"binary":               write("\x00\xff\xfe"),
		"an array":             write(`[]`),
		"tokens a string":      write(`{"auth_mode":"chatgpt","tokens":"` + testcheck.Canary + `"}`),
		"a token that is none": write(`{"auth_mode":"chatgpt","tokens":{"access_token":5}}`),
		"a mode that is none":  write(`{"auth_mode":[]}`),
		"tokens twice":         write(`{"tokens":{},"tokens":{}}`),
	} {
		for framingName, framing := range framings {
			t.Run(name+"/"+framingName, func(t *testing.T) {
				t.Parallel()
				sim := simulated(t, simulator.Config{})
				home := t.TempDir()
				path := filepath.Join(home, "auth.json")
				spoil(t, path)
				h := spawn(t, options{lsp: framing, home: home, upstream: sim})
				h.begin()
				for i, model := range []string{codexModel, proModel, "gpt-5.2"} {
					o := h.create(fmt.Sprint(i), fmt.Sprintf(`{"model":%q,"input":"Hello.","stream":true}`, model))
					assert.Equal(t, "failed", o.status())
					assert.Equal(t, 0, *o.completed.Seq)
					e := o.answer.failure()
					assert.Equal(t, 1003, e.Code, "%s", o.answer.Raw)
					assert.Equal(t, "credential_store", e.Data.Kind)
					if name != "a loop of links" {
						assert.Equal(t, "corrupt", e.Data.Reason)
					}
					h.ping()
				}
				m := h.call("9", "auth/status", "")
				assert.Contains(t, string(m.Result), `"state":"error"`)
				assert.Empty(t, paths(sim))

				require.NoError(t, os.RemoveAll(path))
				require.NoError(t, sim.WriteHome(home))
				o := h.create("10", `{"model":"gpt-5.2-codex","input":"Hello.","stream":true}`)
				assert.Equal(t, "completed", o.status())
			})
		}
	}
}

// A refused override in the environment closes its own route only.
func TestBadOverrideLeavesTheOtherRoute(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{})
	home := t.TempDir()
	require.NoError(t, sim.WriteHome(home))
	h := spawn(t, options{
		home: home, env: []string{"SIGNALBOX_CHATGPT_BASE_URL=ftp://127.0.0.1/x"},
		args: []string{"--platform-base-url=" + sim.PlatformURL()},
	})
	refused(t, h.create("1", `{"model":"gpt-5.2-codex","input":"Hello.","stream":true}`).answer, 1002, "credential_mismatch", "bad_override")
	assert.Equal(t, "completed", h.create("2", `{"model":"gpt-5.2-pro","input":"Hello.","stream":true}`).status())
	status := string(h.call("3", "auth/status", "").Result)
	assert.Contains(t, status, `"state":"authenticated"`)
	assert.Contains(t, status, "SIGNALBOX_CHATGPT_BASE_URL", "a warning names the variable")
}

// Under --simulate nothing of the user's counts
// (docs/reference.md: Flags and environment).
func TestSimulateReadsNothingOfTheUsers(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{})
	home := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(home, "auth.json"), []byte("broken"), 0o600))
	h := spawn(t, options{home: home, args: []string{"--simulate"}, env: []string{
		"OPENAI_API_KEY=sk-" + testcheck.Canary, "OPENAI_OAUTH_ACCESS_TOKEN=" + testcheck.Canary,
		"OPENAI_BASE_URL=" + sim.PlatformURL(), "SIGNALBOX_CHATGPT_BASE_URL=" + sim.ChatGPTURL(),
		"HTTP_PROXY=" + sim.IssuerURL(), "HTTPS_PROXY=" + sim.IssuerURL(), "OPENAI_PROJECT=proj",
	}})
	for i, model := range []string{codexModel, proModel} {
		assert.Equal(t, "completed", h.create(fmt.Sprint(i), fmt.Sprintf(`{"model":%q,"input":"Hello.","stream":true}`, model)).status())
	}
	assert.Empty(t, paths(sim))
}
