package auth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/internal/rawjson"
	"github.com/signalbox-dev/signalbox/internal/testcheck"
	"github.com/signalbox-dev/signalbox/protocol"
)

const testdata = "../testdata/auth"

// authClaim is the claim that holds the account and the plan.
const authClaim = "https://api.openai.com/auth"

// testNow is the time at which the tests take place.
var testNow = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

func now() time.Time { return testNow }

// jwtOf makes a token with the claims; its signature is the canary.
func jwtOf(claims map[string]any) string {
	text, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	return segment(`{"alg":"RS256","typ":"JWT"}`) + "." + segment(string(text)) + "." + canary
}

func segment(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// token makes a token by attributes, written as in "plan=pro exp=-1h account=-":
// "-" leaves the claim out, exp counts from testNow, %xx stands for a byte.
func token(attributes string) string {
	value := map[string]string{
		"email": "user@example.com", "plan": "plus", "account": "acct_1", "user": "user-1", "exp": "1h",
	}
	for _, a := range strings.Fields(attributes) {
		name, v, ok := strings.Cut(a, "=")
		v, err := url.PathUnescape(v)
		if !ok || err != nil {
			panic("bad attribute " + a)
		}
		value[name] = v
	}
	maps.DeleteFunc(value, func(_, v string) bool { return v == "-" })
	claims, auth := map[string]any{}, map[string]any{}
	for name, v := range value {
		switch name {
		case "email":
			claims["email"] = v
		case "exp":
			d, err := time.ParseDuration(v)
			if err != nil {
				panic(err)
			}
			claims["exp"] = testNow.Add(d).Unix()
		case "plan":
			auth["chatgpt_plan_type"] = v
		case "account":
			auth["chatgpt_account_id"] = v
		case "user":
			auth["chatgpt_user_id"] = v
		case "organization":
			auth["organization_id"] = v
			auth["organizations"] = []any{map[string]any{"id": v, "is_default": true}}
		case "fedramp":
			auth["chatgpt_account_is_fedramp"] = v == "true"
		default:
			panic("unknown attribute " + name)
		}
	}
	claims[authClaim] = auth
	return jwtOf(claims)
}

var placeholder = regexp.MustCompile(`<(?:id|access)( [^<>]*)?>`)

// fill makes the tokens of a file under testdata: "<id plan=pro>" and
// "<access exp=-1h>" stand for tokens with these attributes.
func fill(text []byte) []byte {
	return placeholder.ReplaceAllFunc(text, func(p []byte) []byte {
		return []byte(token(string(placeholder.FindSubmatch(p)[1])))
	})
}

// fixture returns a filled file of testdata/auth.
func fixture(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(testdata, name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return fill(text)
}

// homeWith makes a CODEX_HOME with text as auth.json, old enough to be cached.
func homeWith(t *testing.T, text []byte) string {
	t.Helper()
	home := t.TempDir()
	put(t, filepath.Join(home, store.FileName), text)
	return home
}

// put replaces path by a file that was last written a minute ago.
func put(t *testing.T, path string, text []byte) {
	t.Helper()
	next := path + ".next"
	if err := os.WriteFile(next, text, 0o600); err != nil {
		t.Fatal(err)
	}
	age(t, next)
	if err := os.Rename(next, path); err != nil {
		t.Fatal(err)
	}
}

func age(t *testing.T, path string) {
	t.Helper()
	old := time.Now().Add(-time.Minute)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
}

// managerOf makes a manager over a file of testdata.
func managerOf(t *testing.T, name string) *Manager {
	t.Helper()
	return NewManager(Config{Home: homeWith(t, fixture(t, name)), Now: now})
}

func secret(s string) Secret { return protocol.NewSecret(s) }

// outcome is the reason of err, "" for nil. It checks on the way that the error
// is fit to leave the package.
func outcome(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var e *protocol.Error
	if !errors.As(err, &e) {
		t.Fatalf("%T is no *protocol.Error", err)
	}
	text := string(e.Encode())
	if strings.Contains(text, canary) {
		t.Fatalf("an error of reason %s shows a secret", e.Data.Reason)
	}
	if e.Message == "" || strings.ContainsAny(e.Message, "\r\n") || !strings.HasSuffix(e.Message, ".") {
		t.Errorf("message %q is not one sentence", e.Message)
	}
	if e.Code == protocol.CodeCancelled {
		return "cancelled"
	}
	if e.Data.Kind == "" || e.Data.Reason == "" || e.Data.Action == "" || e.Data.Retryable {
		t.Errorf("kind, reason or action is missing, or it is retryable: %s", text)
	}
	about := e.Code == protocol.CodeLoginRequired || e.Code == protocol.CodeCredentialMismatch
	if about && e.Data.Reason != protocol.ReasonBadOverride &&
		(e.Data.Need == "" || e.Data.Have == nil || len(e.Data.LoginMethods) == 0) {
		t.Errorf("need, have or loginMethods is missing: %s", text)
	}
	want := map[protocol.Reason]protocol.Code{
		"no_credentials": 1001, "token_expired": 1001, "refresh_expired": 1001, "refresh_reused": 1001, "refresh_revoked": 1001, "account_changed": 1001,
		"wrong_kind": 1002, "missing_account_id": 1002, "account_mismatch": 1002, "bad_override": 1002, "foreign_base_url": 1002, "foreign_issuer": 1002,
		"corrupt": 1003, "unreadable": 1003, "unsupported_auth_mode": 1003, "unsupported_store": 1003, "keyring": 1003,
		"missing_organization": 1006, "invalid_id_token": 1006, "other": 1006,
	}[e.Data.Reason]
	isExchange := e.Code == protocol.CodeExchangeFailed && e.Data.Reason == protocol.ReasonTokenExpired
	if e.Code != want && !isExchange {
		t.Errorf("reason %q comes with code %d", e.Data.Reason, e.Code)
	}
	return string(e.Data.Reason)
}

// asError returns err as what it has to be.
func asError(t *testing.T, err error) *protocol.Error {
	t.Helper()
	outcome(t, err)
	var e *protocol.Error
	if !errors.As(err, &e) {
		t.Fatal("no error")
	}
	return e
}

// statusOf returns the status and its JSON, in which no secret and no nil list
// may be.
func statusOf(t *testing.T, m *Manager) (protocol.AuthStatus, string) {
	t.Helper()
	status := m.Status(t.Context())
	text := string(protocol.Encode(status))
	if strings.Contains(text, canary) {
		t.Fatal("a status shows a secret")
	}
	for _, list := range []string{"routes", "overrides", "warnings"} {
		if strings.Contains(text, `"`+list+`":null`) {
			t.Errorf("%s is null", list)
		}
	}
	return status, text
}

// headersOf returns what a credential puts into a request; the Authorization is
// reduced to whether it is the one expected.
func headersOf(c interface{ Authorize(http.Header) }, authorization string) map[string]string {
	h := http.Header{}
	c.Authorize(h)
	out := map[string]string{}
	for name := range h {
		out[strings.ToLower(name)] = h.Get(name)
	}
	if out["authorization"] == "Bearer "+authorization {
		out["authorization"] = "as expected"
	} else {
		out["authorization"] = "another"
	}
	return out
}

func equal[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	a, b := string(protocol.Encode(got)), string(protocol.Encode(want))
	if a != b {
		if strings.Contains(a+b, canary) {
			a, b = "[a secret]", "[a secret]"
		}
		t.Errorf("%s: got %s, want %s", what, a, b)
	}
}

// ended is a context that is over.
func ended(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// str returns the member of d at path that is a string, else "".
func str(d *store.Document, path ...string) string {
	s, _ := rawjson.Unquote(d.Value(path...))
	return s
}

// inSession makes this process one of a session with a real keyring.
func inSession(t *testing.T) *testcheck.Keyring {
	t.Helper()
	k := testcheck.StartKeyring(t)
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", k.Address())
	return k
}

// logoutOf forgets the login of m without telling the issuer.
func logoutOf(m *Manager, ctx context.Context) error {
	_, err := m.removeLogin(ctx, nil)
	return err
}

// Limits of auth.json (docs/protocol.md: Limits).
const (
	fileLimit = 1 << 20
	fileDepth = 64
)
