package auth

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/auth/issuer"
	"github.com/signalbox-dev/signalbox/protocol"
)

// answers is an issuer in memory: it answers the polls one after the other, the
// last one for ever, and notes when they came.
type answers struct {
	userCode string
	polls    []poll

	mu sync.Mutex
	at []time.Duration // since start
	t0 time.Time
}

// poll is an answer to a poll; status 0: none comes.
type poll struct {
	status int
	body   string
	header string // of Retry-After
}

func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := func(p poll) (*http.Response, error) {
		resp := &http.Response{StatusCode: p.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(p.body)), Request: r}
		if p.header != "" {
			resp.Header.Set("Retry-After", p.header)
		}
		return resp, nil
	}
	_, _ = io.Copy(io.Discard, r.Body)
	switch r.URL.Path {
	case "/api/accounts/deviceauth/usercode":
		return answer(poll{200, a.userCode, ""})
	case "/api/accounts/deviceauth/token":
		a.mu.Lock()
		defer a.mu.Unlock()
		p := a.polls[min(len(a.at), len(a.polls)-1)]
		a.at = append(a.at, time.Since(a.t0))
		if p.status == 0 {
			return nil, fmt.Errorf("no route to %s", r.URL.Host)
		}
		return answer(p)
	case "/oauth/token":
		set, _ := json.Marshal(map[string]string{"id_token": testIDToken(), "access_token": "at-" + canary, "refresh_token": "rt_" + canary})
		return answer(poll{200, string(set), ""})
	}
	return answer(poll{404, "", ""})
}

// polled is when it was polled, since start.
func (a *answers) polled() []time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.at)
}

// testIDToken is an id_token that Codex can read.
func testIDToken() string {
	segment := base64.RawURLEncoding.EncodeToString
	payload := `{"aud":"` + issuer.DefaultClientID + `","https://api.openai.com/auth":{"chatgpt_account_id":"account-1","chatgpt_plan_type":"plus"}}`
	return segment([]byte(`{"alg":"RS256"}`)) + "." + segment([]byte(payload)) + "." + canary
}

const (
	agreed = `{"authorization_code":"ac_1","code_challenge":"c","code_verifier":"v"}`
	notYet = `{"error":{"code":"deviceauth_authorization_pending","message":"Not yet."}}`
)

// TestDevicePolls: how often the issuer is asked, and what its answers mean.
// Seconds pass in no time (synctest).
//
// Faults: E19.
func TestDevicePolls(t *testing.T) {
	const s = time.Second
	for name, row := range map[string]struct {
		interval string // as JSON; "" for none
		polls    []poll
		at       []time.Duration // the first polls
		reason   string          // "" for a login
		code     protocol.Code
	}{
		"pending by status":     {interval: `"2"`, polls: []poll{{403, notYet, ""}, {404, "", ""}, {200, agreed, ""}}, at: []time.Duration{2 * s, 4 * s, 6 * s}},
		"a number":              {interval: `3`, polls: []poll{{403, "", ""}, {200, agreed, ""}}, at: []time.Duration{3 * s, 6 * s}},
		"a fraction":            {interval: `1.5`, polls: []poll{{200, agreed, ""}}, at: []time.Duration{1500 * time.Millisecond}},
		"none":                  {polls: []poll{{200, agreed, ""}}, at: []time.Duration{5 * s}},
		"null":                  {interval: `null`, polls: []poll{{200, agreed, ""}}, at: []time.Duration{5 * s}},
		"nonsense":              {interval: `{"a":1}`, polls: []poll{{200, agreed, ""}}, at: []time.Duration{5 * s}},
		"zero":                  {interval: `"0"`, polls: []poll{{403, "", ""}, {200, agreed, ""}}, at: []time.Duration{1 * s, 2 * s}},
		"negative":              {interval: `-7`, polls: []poll{{200, agreed, ""}}, at: []time.Duration{1 * s}},
		"a billion":             {interval: `1000000000`, polls: []poll{{200, agreed, ""}}, at: []time.Duration{60 * s}},
		"429 slows for good":    {interval: `"1"`, polls: []poll{{429, "", ""}, {403, "", ""}, {200, agreed, ""}}, at: []time.Duration{1 * s, 7 * s, 13 * s}},
		"slow_down":             {interval: `"1"`, polls: []poll{{400, `{"error":"slow_down"}`, ""}, {400, `{"error":"authorization_pending"}`, ""}, {200, agreed, ""}}, at: []time.Duration{1 * s, 7 * s, 13 * s}},
		"5xx slows, twice":      {interval: `"1"`, polls: []poll{{500, "", ""}, {503, "<html>", ""}, {200, agreed, ""}}, at: []time.Duration{1 * s, 7 * s, 18 * s}},
		"Retry-After":           {interval: `"1"`, polls: []poll{{429, "", "20"}, {200, agreed, ""}}, at: []time.Duration{1 * s, 21 * s}},
		"Retry-After of a day":  {interval: `"1"`, polls: []poll{{429, "", "86400"}, {200, agreed, ""}}, at: []time.Duration{1 * s, 61 * s}},
		"no connection":         {interval: `"1"`, polls: []poll{{}, {200, agreed, ""}}, at: []time.Duration{1 * s, 7 * s}},
		"denied":                {interval: `"1"`, polls: []poll{{403, notYet, ""}, {400, `{"error":"access_denied"}`, ""}}, at: []time.Duration{1 * s, 2 * s}, reason: "denied", code: 1005},
		"denied with 403":       {interval: `"1"`, polls: []poll{{403, `{"error":"access_denied"}`, ""}}, at: []time.Duration{1 * s}, reason: "denied", code: 1005},
		"not for the workspace": {interval: `"1"`, polls: []poll{{400, `{"error":{"code":"access_denied","message":"missing_codex_entitlement: no"}}`, ""}}, at: []time.Duration{1 * s}, reason: "workspace_not_allowed", code: 1005},
		"expired":               {interval: `"1"`, polls: []poll{{400, `{"error":{"code":"expired_token"}}`, ""}}, at: []time.Duration{1 * s}, reason: "expired", code: 1005},
		"something else":        {interval: `"1"`, polls: []poll{{400, `{"error":"invalid_request"}`, ""}}, at: []time.Duration{1 * s}, reason: "code_exchange_failed", code: 1005},
		"a page":                {interval: `"1"`, polls: []poll{{200, "<html>", ""}}, at: []time.Duration{1 * s}, reason: "bad_answer", code: 1004},
		"a challenge":           {interval: `"1"`, polls: []poll{{403, "<!DOCTYPE html><title>Just a moment...</title>", ""}}, at: []time.Duration{1 * s}, reason: "refused", code: 1004},
		"a page with 404":       {interval: `"1"`, polls: []poll{{404, "Not Found", ""}}, at: []time.Duration{1 * s}, reason: "refused", code: 1004},
		"a region":              {interval: `"1"`, polls: []poll{{403, `{"error":{"code":"unsupported_country_region_territory","message":"Country not supported"}}`, ""}}, at: []time.Duration{1 * s}, reason: "code_exchange_failed", code: 1005},
		"no code":               {interval: `"1"`, polls: []poll{{200, `{"authorization_code":""}`, ""}}, at: []time.Duration{1 * s}, reason: "bad_answer", code: 1004},
		"nobody agrees":         {interval: `"60"`, polls: []poll{{403, notYet, ""}}, at: []time.Duration{60 * s, 120 * s}, reason: "expired", code: 1005},
	} {
		t.Run(name, func(t *testing.T) {
			home := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				issuer := &answers{t0: time.Now(), polls: row.polls, userCode: `{"device_auth_id":"d-` + canary + `","user_code":"ABCD-1234"}`}
				if row.interval != "" {
					issuer.userCode = strings.TrimSuffix(issuer.userCode, "}") + `,"interval":` + row.interval + `}`
				}
				m := NewManager(Config{Home: home, Transport: issuer})
				l, err := m.BeginLogin(t.Context(), LoginOptions{Method: protocol.LoginDevice, Timeout: time.Hour})
				require.NoError(t, err)
				p := l.Prompt()
				assert.Equal(t, "ABCD-1234", p.UserCode)
				assert.Equal(t, "https://auth.openai.com/codex/device", p.VerificationURL)
				assert.Equal(t, rfc3339(time.Now().Add(deviceLife)), p.ExpiresAt, "a code has 15 minutes, whatever the timeout")
				<-l.Settled()
				at := issuer.polled() // the last poll may fall on the end of the login
				assert.Equal(t, row.at, at[:min(len(at), len(row.at))])
				if row.reason == "" {
					require.NoError(t, l.Err())
					assert.Len(t, at, len(row.at))
					assert.FileExists(t, filepath.Join(home, "auth.json"))
					return
				}
				var e *protocol.Error
				require.ErrorAs(t, l.Err(), &e)
				assert.Equal(t, fmt.Sprint(row.code, " ", row.reason), fmt.Sprint(e.Code, " ", e.Data.Reason))
				assert.NotContains(t, e.Message, canary)
				assert.NoFileExists(t, filepath.Join(home, "auth.json"))
				if name == "nobody agrees" {
					assert.Equal(t, deviceLife, time.Since(issuer.t0))
				}
			})
		})
	}
}

// What the issuer sends as a code goes to a terminal: anything but a code is
// refused.
//
// Faults: E19.
func TestUserCodeIsChecked(t *testing.T) {
	for _, bad := range []string{
		`{}`, `[]`, `{"device_auth_id":"d"}`, `{"user_code":"ABCD"}`, `{"device_auth_id":"d","user_code":"\u001b[2J"}`,
		`{"device_auth_id":"d","user_code":"` + strings.Repeat("A", 65) + `"}`, `{"device_auth_id":"d","user_code":"A\nB"}`, `<html>`,
	} {
		m := NewManager(Config{Home: t.TempDir(), Transport: &answers{userCode: bad}})
		_, err := m.BeginLogin(t.Context(), LoginOptions{Method: protocol.LoginDevice})
		var e *protocol.Error
		require.ErrorAs(t, err, &e, bad)
		assert.Equal(t, protocol.CodeAuthUnavailable, e.Code, bad)
		assert.Nil(t, m.PendingLogin(""))
	}
	m := NewManager(Config{Home: t.TempDir(), Transport: &answers{userCode: `{"device_auth_id":"d","usercode":"AB12","interval":"60"}`}})
	l, err := m.BeginLogin(t.Context(), LoginOptions{Method: protocol.LoginDevice})
	require.NoError(t, err)
	assert.Equal(t, "AB12", l.Prompt().UserCode)
	assert.True(t, l.Cancel(nil))
}

// A Browser opens pages and nothing else.
//
// Faults: E22.
func TestBrowserChecksTheAddress(t *testing.T) {
	b := NewBrowser(nil)
	b.lookup = func(string) (string, error) { t.Error("something would be started"); return "", os.ErrNotExist }
	for _, bad := range []string{
		"", "-h", "--help", "file:///etc/passwd", "javascript:alert(1)", "http://example.com/", "ftp://127.0.0.1/", "https://",
		"https://user@example.com/", "https://example.com/$(id)\n", "https://example.com/ x", "https://example.com/`id`", "https://example.com/\"",
		"mailto:a@b", "https:example.com", "http://127.0.0.1.evil.example/",
	} {
		assert.Error(t, b.Open(t.Context(), bad), bad)
	}
	tried := 0
	b.lookup = func(string) (string, error) { tried++; return "", os.ErrNotExist }
	for _, good := range []string{"https://auth.openai.com/oauth/authorize?a=b&c=d", "http://127.0.0.1:1455/", "http://localhost:1/", "http://[::1]:1/"} {
		assert.ErrorIs(t, b.Open(t.Context(), good), errNoBrowser)
	}
	assert.NotZero(t, tried)
}
