package engine

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/auth"
	"github.com/signalbox-dev/signalbox/protocol"
)

// routes of docs/protocol.md: Routing, as a person would write them down, apart from the table.
var routeCases = []struct {
	rule   string
	route  protocol.RouteName // "": by the account mode
	models []string
}{
	{"pinned", protocol.RouteChatGPT, []string{"gpt-5.2-codex"}},
	{"pinned", protocol.RoutePlatform, []string{"gpt-5.2-pro"}},
	{"pattern", protocol.RouteChatGPT, []string{
		"gpt-5-codex", "gpt-5.1-codex", "gpt-5.3-codex", "gpt-6-codex", "-codex", "GPT-5.2-codex", "x-codex", "openai/gpt-5.2-codex",
		"gpt-5.1-codex-max", "gpt-5.1-codex-mini", "gpt-5.2-codex-2026-01-14", "gpt-5.3-codex-spark", "gpt-5.2-codex-pro", "-codex-",
		"gpt-5.2-pro-codex", "a-codex-b-codex", "gpt-5.2-codex-latest", "🚂-codex", "gpt-5.2-codex-🚂",
	}},
	{"pattern", protocol.RoutePlatform, []string{
		"gpt-5-pro", "gpt-5.5-pro", "o1-pro", "o3-pro", "-pro", "GPT-5.2-pro", "gpt-5.2-pro-2025-12-11", "o3-pro-2025-06-10",
		"openai/gpt-5.2-pro", "x-pro-0000-00-00", "🚂-pro", "gpt 5.2-pro",
	}},
	{"mode", "", []string{
		"gpt-5.2", "gpt-5.5", "gpt-6.1-sol", "gpt-4o-mini", "codex", "pro", "codex-mini-latest", "gpt-5.2-Codex", "gpt-5.2-CODEX",
		"gpt-5.2-Pro", "gpt-5.2-codex ", " gpt-5.2", "gpt-5.2_codex", "gpt-5.2-codexx", "gpt-5.2codex", "gpt-5.2-pro ", "gpt-5.2-pro-",
		"gpt-5.2-pro-2025-12-1", "gpt-5.2-pro-2025-12-111", "gpt-5.2-pro-20251211", "gpt-5.2-pro-2025/12/11", "gpt-5.2-pro-latest",
		"gpt-5.2-pro-２０２５-12-11", "gpt-5.2-pro\n", "prolite", "🚂", "gpt-5.2-*", "*",
	}},
}

// Faults: F17s.
func TestRoutes(t *testing.T) {
	n := 0
	for _, c := range routeCases {
		for _, model := range c.models {
			n++
			for _, mode := range []protocol.AccountMode{protocol.ModeChatGPT, protocol.ModeAPIKey, ""} {
				for _, wanted := range []protocol.RouteName{"", protocol.RouteChatGPT, protocol.RoutePlatform} {
					t.Run(fmt.Sprintf("%s/%s/%s", model, mode, wanted), func(t *testing.T) {
						got, err := resolve(t.Context(), model, wanted, func(context.Context) (protocol.AccountMode, error) { return mode, nil })
						var known *protocol.Error
						switch {
						case c.rule == "pinned" && wanted != "" && wanted != c.route:
							require.ErrorAs(t, err, &known)
							assert.Equal(t, protocol.CodeCredentialMismatch, known.Code)
							assert.Equal(t, protocol.ReasonPinnedRoute, known.Data.Reason)
							assert.Contains(t, known.Message, fmt.Sprintf("%q", model))
							return
						case c.rule != "pinned" && wanted != "":
							assert.Equal(t, Route{wanted, "request"}, got)
						case c.rule != "mode":
							assert.Equal(t, Route{c.route, c.rule}, got)
						case mode == protocol.ModeChatGPT:
							assert.Equal(t, Route{protocol.RouteChatGPT, "mode"}, got)
						case mode == protocol.ModeAPIKey:
							assert.Equal(t, Route{protocol.RoutePlatform, "mode"}, got)
						default:
							require.ErrorAs(t, err, &known)
							assert.Equal(t, protocol.CodeLoginRequired, known.Code)
							assert.Equal(t, protocol.ReasonNoCredentials, known.Data.Reason)
							return
						}
						require.NoError(t, err)
					})
				}
			}
		}
	}
	assert.GreaterOrEqual(t, n, 60)
}

// A model that a rule names needs no account mode, which may be unreadable.
func TestRouteAsksForTheModeLast(t *testing.T) {
	broken := func(context.Context) (protocol.AccountMode, error) { return "", assert.AnError }
	for model, wanted := range map[string]protocol.RouteName{"gpt-5.2-codex": "", "o3-pro": "", "gpt-5.2": protocol.RouteChatGPT} {
		_, err := resolve(t.Context(), model, wanted, broken)
		assert.NoError(t, err, model)
	}
	_, err := resolve(t.Context(), "gpt-5.2", "", broken)
	assert.Equal(t, assert.AnError, err)
}

// The credential follows the route, and what cannot work is refused without a
// request.
func TestResolve(t *testing.T) {
	both := func(*setting) {}
	onlyKey := func(s *setting) { s.auth.AccessToken = protocol.Secret{} }
	onlyToken := func(s *setting) { s.auth.APIKey = protocol.Secret{} }
	none := func(s *setting) { s.auth = auth.Config{} }
	swapped := func(s *setting) { s.auth.APIKey, s.auth.AccessToken = s.auth.AccessToken, s.auth.APIKey }
	const url = "http://127.0.0.1:1"
	chatgpt := `{"model":%q,"route":"chatgpt","api":"responses","base_url":"` + url + `/backend-api/codex","credential_source":"env_oauth_access_token","rule":%q}`
	platform := `{"model":%q,"route":"platform","api":"responses","base_url":"` + url + `/v1","credential_source":"env_openai_api_key","rule":%q}`
	tests := []struct {
		name   string
		have   func(*setting)
		model  string
		wanted protocol.RouteName
		want   string // the result, or kind/reason/need/have
	}{
		{"pinned to chatgpt", both, "gpt-5.2-codex", "", fmt.Sprintf(chatgpt, "gpt-5.2-codex", "pinned")},
		{"pinned to platform", both, "gpt-5.2-pro", "", fmt.Sprintf(platform, "gpt-5.2-pro", "pinned")},
		{"pinned and wanted", both, "gpt-5.2-pro", "platform", fmt.Sprintf(platform, "gpt-5.2-pro", "pinned")},
		{"pinned elsewhere", both, "gpt-5.2-pro", "chatgpt", "credential_mismatch/pinned_route/platformKey/[chatgpt platformKey]"},
		{"pinned elsewhere, one credential", onlyToken, "gpt-5.2-pro", "chatgpt", "credential_mismatch/pinned_route/platformKey/[chatgpt]"},
		{"pattern", onlyKey, "o3-pro", "", fmt.Sprintf(platform, "o3-pro", "pattern")},
		{"request", both, "o3-pro", "chatgpt", fmt.Sprintf(chatgpt, "o3-pro", "request")},
		{"mode of a token", onlyToken, "gpt-5.2", "", fmt.Sprintf(chatgpt, "gpt-5.2", "mode")},
		{"mode of a key", onlyKey, "gpt-5.2", "", fmt.Sprintf(platform, "gpt-5.2", "mode")},
		{"only the other kind", onlyKey, "gpt-5.2-codex", "", "credential_mismatch/wrong_kind/chatgpt/[platformKey]"},
		{"only the other kind, too", onlyToken, "gpt-5.2-pro", "", "credential_mismatch/wrong_kind/platformKey/[chatgpt]"},
		{"the other kind in its place", swapped, "gpt-5.2-pro", "", "credential_mismatch/wrong_kind/platformKey/[chatgpt platformKey]"},
		{"nothing", none, "gpt-5.2-pro", "", "login_required/no_credentials/platformKey/[]"},
		{"nothing at all", none, "gpt-5.2", "", "login_required/no_credentials/chatgpt/[]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := newEngine(t, url, tt.have)
			e.cfg.Transport = transportFunc(func(*http.Request) (*http.Response, error) {
				t.Error("a request was sent")
				return nil, assert.AnError
			})
			result, err := e.Resolve(t.Context(), tt.model, tt.wanted)
			if err == nil {
				assert.JSONEq(t, tt.want, string(protocol.Encode(result)))
				return
			}
			var known *protocol.Error
			require.ErrorAs(t, err, &known)
			d := known.Data
			assert.Equal(t, tt.want, fmt.Sprintf("%s/%s/%s/%s", d.Kind, d.Reason, d.Need, d.Have))
			assert.NotEmpty(t, d.LoginMethods)

			// Create returns the same error, and evidence of nothing resolved.
			host := &host{}
			route := ""
			if tt.wanted != "" {
				route = `,"_meta":{"route":"` + string(tt.wanted) + `"}`
			}
			created, err := host.create(t, t.Context(), e, fmt.Sprintf(`{"model":%q%s}`, tt.model, route))
			assert.Equal(t, known, err)
			assert.Nil(t, created.Evidence.BaseURL)
			assert.Equal(t, protocol.SourceUnknown, created.Evidence.CredentialSource)
			assert.Empty(t, created.Evidence.Attempts)
			assert.Nil(t, created.Evidence.Status)
			assert.Empty(t, host.started)
		})
	}
}

// transportFunc is a http.RoundTripper.
type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestSameModel(t *testing.T) {
	for _, tt := range []struct {
		requested, effective string
		want                 bool
	}{
		{"gpt-5.2", "gpt-5.2", true},
		{"gpt-5.2", "gpt-5.2-2025-12-11", true},
		{"gpt-5.2-2025-12-11", "gpt-5.2-2025-12-11", true},
		{"gpt-5.2-2025-12-11", "gpt-5.2", false},
		{"gpt-5.2", "GPT-5.2", false},
		{"gpt-5.2", "gpt-5.2-pro", false},
		{"gpt-5.2", "gpt-5.2-pro-2025-12-11", false},
		{"gpt-5.2-codex", "gpt-5.2", false},
		{"gpt-5.2", "gpt-5.22025-12-11", false},
		{"gpt-5.2", "gpt-5.2-2025-12-11x", false},
		{"gpt-5.2", "gpt-5.2-2025_12_11", false},
		{"gpt-5.2", "", false},
	} {
		assert.Equal(t, tt.want, sameModel(tt.requested, tt.effective), "%s and %s", tt.requested, tt.effective)
	}
}
