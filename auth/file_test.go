package auth

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/protocol"
)

// shape is what a file of testdata/auth means.
type shape struct {
	name     string
	chatGPT  string // reason of the refusal; "": there is a credential
	platform string // "exchange": the login may be exchanged for a key
	mode     string // "!": an error
	state    string
	field    string // that the error names
}

var shapes = []shape{
	// As Codex writes them today.
	{"codex-chatgpt", "", "exchange", "chatgpt", "authenticated", ""},
	{"codex-apikey", "wrong_kind", "", "apiKey", "authenticated", ""},
	{"four-token-members", "", "exchange", "chatgpt", "authenticated", ""},
	// Both kinds, and files from before auth_mode.
	{"no-mode-key-and-tokens", "", "", "chatgpt", "authenticated", ""},
	{"no-mode-key-and-tokens-business", "", "", "apiKey", "authenticated", ""},
	{"no-mode-key-only", "wrong_kind", "", "apiKey", "authenticated", ""},
	{"no-mode-tokens-only", "", "exchange", "chatgpt", "authenticated", ""},
	{"mode-null", "wrong_kind", "", "apiKey", "authenticated", ""},
	{"mode-chatgpt-key-and-tokens", "", "", "chatgpt", "authenticated", ""},
	{"mode-chatgpt-key-only", "wrong_kind", "", "chatgpt", "authenticated", ""},
	{"mode-chatgpt-nothing", "no_credentials", "no_credentials", "chatgpt", "unauthenticated", ""},
	{"mode-apikey-key-and-tokens", "", "", "apiKey", "authenticated", ""},
	{"report-v7", "", "exchange", "chatgpt", "authenticated", ""},
	// Blank, null, unknown.
	{"key-blank", "", "exchange", "chatgpt", "authenticated", ""},
	{"key-with-line-feed-at-end", "wrong_kind", "", "apiKey", "authenticated", ""},
	{"unknown-members", "", "exchange", "chatgpt", "authenticated", ""},
	{"names-in-another-case", "no_credentials", "no_credentials", "", "unauthenticated", ""},
	{"all-null", "no_credentials", "no_credentials", "", "unauthenticated", ""},
	{"token-members-null", "no_credentials", "no_credentials", "chatgpt", "unauthenticated", ""},
	{"empty-object", "no_credentials", "no_credentials", "", "unauthenticated", ""},
	{"last-refresh-number", "", "exchange", "chatgpt", "authenticated", ""},
	{"last-refresh-offset", "", "exchange", "chatgpt", "authenticated", ""},
	{"agent-identity-beside-chatgpt", "", "exchange", "chatgpt", "authenticated", ""},
	// The tokens and what they claim.
	{"id-token-object", "", "wrong_kind", "chatgpt", "authenticated", ""},
	{"id-token-object-access-opaque", "missing_account_id", "wrong_kind", "chatgpt", "unauthenticated", ""},
	{"id-token-missing", "", "wrong_kind", "chatgpt", "authenticated", ""},
	{"id-token-null", "", "wrong_kind", "chatgpt", "authenticated", ""},
	{"id-token-opaque", "", "invalid_id_token", "chatgpt", "authenticated", ""},
	{"account-id-null", "", "exchange", "chatgpt", "authenticated", ""},
	{"account-id-contradicts", "account_mismatch", "exchange", "chatgpt", "unauthenticated", ""},
	{"account-claim-missing", "missing_account_id", "exchange", "chatgpt", "unauthenticated", ""},
	{"account-claim-organisation-only", "missing_account_id", "exchange", "chatgpt", "unauthenticated", ""},
	{"account-claim-injects", "missing_account_id", "exchange", "chatgpt", "unauthenticated", ""},
	{"account-claim-129", "missing_account_id", "exchange", "chatgpt", "unauthenticated", ""},
	{"access-expired", "", "exchange", "chatgpt", "authenticated", ""}, // after a refresh
	{"access-expired-and-key", "", "", "chatgpt", "authenticated", ""},
	{"access-expired-alone", "token_expired", "exchange", "chatgpt", "expired", ""}, // without a refresh token
	{"access-expired-alone-and-key", "token_expired", "", "chatgpt", "authenticated", ""},
	{"access-opaque", "", "exchange", "chatgpt", "authenticated", ""},
	{"access-without-exp", "", "exchange", "chatgpt", "authenticated", ""},
	{"access-missing", "no_credentials", "no_credentials", "chatgpt", "unauthenticated", ""},
	{"fedramp", "", "exchange", "chatgpt", "authenticated", ""},
	{"fedramp-of-the-other-token", "", "exchange", "chatgpt", "authenticated", ""},
	{"fedramp-without-id-token", "", "wrong_kind", "apiKey", "authenticated", ""},
	// Values in the wrong place.
	{"access-holds-key", "wrong_kind", "exchange", "chatgpt", "unauthenticated", ""},
	{"access-with-blank", "wrong_kind", "exchange", "chatgpt", "unauthenticated", ""},
	{"key-holds-jwt", "wrong_kind", "wrong_kind", "apiKey", "unauthenticated", ""},
	{"key-holds-jwt-and-tokens", "", "wrong_kind", "chatgpt", "authenticated", ""},
	{"key-with-bearer", "no_credentials", "wrong_kind", "apiKey", "unauthenticated", ""},
	{"key-with-line-feed-inside", "no_credentials", "wrong_kind", "apiKey", "unauthenticated", ""},
	// What only Codex serves.
	{"foreign-mode-chatgptAuthTokens", "unsupported_auth_mode", "unsupported_auth_mode", "!", "error", ""},
	{"foreign-mode-headers", "unsupported_auth_mode", "unsupported_auth_mode", "!", "error", ""},
	{"foreign-mode-agentIdentity", "unsupported_auth_mode", "unsupported_auth_mode", "!", "error", ""},
	{"foreign-mode-personalAccessToken", "unsupported_auth_mode", "unsupported_auth_mode", "!", "error", ""},
	{"foreign-mode-bedrockApiKey", "unsupported_auth_mode", "unsupported_auth_mode", "!", "error", ""},
	{"foreign-mode-bedrockAccessKeys", "unsupported_auth_mode", "unsupported_auth_mode", "!", "error", ""},
	{"foreign-mode-tomorrow", "unsupported_auth_mode", "unsupported_auth_mode", "!", "error", ""},
	{"foreign-mode-chatgpt-capital", "unsupported_auth_mode", "unsupported_auth_mode", "!", "error", ""},
	{"foreign-mode-apikey-capital", "unsupported_auth_mode", "unsupported_auth_mode", "!", "error", ""},
	{"foreign-mode-blank", "unsupported_auth_mode", "unsupported_auth_mode", "!", "error", ""},
	{"foreign-mode-odd", "unsupported_auth_mode", "unsupported_auth_mode", "!", "error", ""},
	{"foreign-personal-access-token", "unsupported_auth_mode", "unsupported_auth_mode", "!", "error", ""},
	{"foreign-bedrock-api-key", "unsupported_auth_mode", "unsupported_auth_mode", "!", "error", ""},
	{"foreign-bedrock-access-keys", "unsupported_auth_mode", "unsupported_auth_mode", "!", "error", ""},
	{"foreign-agent-identity", "unsupported_auth_mode", "unsupported_auth_mode", "!", "error", ""},
	// Broken.
	{"broken-empty", "corrupt", "corrupt", "!", "error", ""},
	{"broken-truncated", "corrupt", "corrupt", "!", "error", ""},
	{"broken-bom", "corrupt", "corrupt", "!", "error", ""},
	{"broken-array", "corrupt", "corrupt", "!", "error", ""},
	{"broken-number", "corrupt", "corrupt", "!", "error", ""},
	{"broken-null", "corrupt", "corrupt", "!", "error", ""},
	{"broken-trailing", "corrupt", "corrupt", "!", "error", ""},
	{"broken-binary", "corrupt", "corrupt", "!", "error", ""},
	{"broken-utf8", "corrupt", "corrupt", "!", "error", ""},
	{"broken-surrogate", "corrupt", "corrupt", "!", "error", "OPENAI_API_KEY"},
	{"broken-duplicate", "corrupt", "corrupt", "!", "error", ""},
	{"broken-duplicate-token", "corrupt", "corrupt", "!", "error", "tokens"},
	{"broken-mode-number", "corrupt", "corrupt", "!", "error", "auth_mode"},
	{"broken-key-number", "corrupt", "corrupt", "!", "error", "OPENAI_API_KEY"},
	{"broken-tokens-string", "corrupt", "corrupt", "!", "error", "tokens"},
	{"broken-tokens-array", "corrupt", "corrupt", "!", "error", "tokens"},
	{"broken-id-token-number", "corrupt", "corrupt", "!", "error", "tokens.id_token"},
	{"broken-access-token-object", "corrupt", "corrupt", "!", "error", "tokens.access_token"},
	{"broken-refresh-token-bool", "corrupt", "corrupt", "!", "error", "tokens.refresh_token"},
	{"broken-account-id-number", "corrupt", "corrupt", "!", "error", "tokens.account_id"},
}

// Faults: A16, A18, A34.
func TestFileShapes(t *testing.T) {
	t.Parallel()
	for _, s := range shapes {
		t.Run(s.name, func(t *testing.T) {
			text := fixture(t, s.name)
			m := NewManager(Config{Home: homeWith(t, text), Now: now})
			_, chatGPTErr := m.PeekChatGPT(t.Context())
			platform, platformErr := m.PeekPlatform(t.Context())
			equal(t, "ChatGPT", outcome(t, chatGPTErr), s.chatGPT)
			if s.platform == "exchange" {
				equal(t, "Platform", platform.Pending(), platformErr == nil)
				equal(t, "source", platform.Source, protocol.SourceTokenExchangeAPIKey)
				s.platform = ""
			}
			equal(t, "Platform", outcome(t, platformErr), s.platform)
			mode, err := m.Mode(t.Context())
			if outcome(t, err) != "" {
				mode = "!"
			}
			equal(t, "Mode", string(mode), s.mode)
			if s.state == "error" {
				e := asError(t, chatGPTErr)
				equal(t, "path", e.Data.Path, m.path)
				equal(t, "field", e.Data.Field, s.field)
				if !strings.Contains(strings.ToLower(e.Message), strings.ToLower(s.field)) || !strings.Contains(e.Message, m.path) {
					t.Errorf("message %q does not say where", e.Message)
				}
			}

			status, _ := statusOf(t, m)
			equal(t, "state", string(status.State), s.state)
			equal(t, "route chatgpt", string(status.Routes[0].Reason), s.chatGPT)
			equal(t, "route platform", string(status.Routes[1].Reason), s.platform)
			equal(t, "available", [2]bool{status.Routes[0].Available, status.Routes[1].Available},
				[2]bool{s.chatGPT == "", s.platform == ""})
			equal(t, "credentials", [2]protocol.Reason{status.Credentials.ChatGPT.Reason, status.Credentials.Platform.Reason},
				[2]protocol.Reason{protocol.Reason(s.chatGPT), protocol.Reason(s.platform)})

			after, err := os.ReadFile(m.path)
			if err != nil || !bytes.Equal(after, text) {
				t.Error("the file was changed")
			}
		})
	}
}

// Every file has its row and every row its file.
func TestFileShapesAreComplete(t *testing.T) {
	rows := map[string]bool{}
	for _, s := range shapes {
		rows[s.name+".json"] = true
	}
	entries, err := os.ReadDir(testdata)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !rows[e.Name()] {
			t.Errorf("%s has no row", e.Name())
		}
	}
	equal(t, "files", len(entries), len(rows))
}

// The message of a mode that we do not serve names it, unless it may be
// anything.
func TestForeignModeIsNamed(t *testing.T) {
	for name, want := range map[string]string{
		"foreign-mode-bedrockApiKey":    `is "bedrockApiKey", which`,
		"foreign-mode-tomorrow":         `is "tomorrow", which`,
		"foreign-mode-odd":              "is of an unknown kind, which",
		"foreign-personal-access-token": `is "personalAccessToken" by its member personal_access_token, which`,
		"foreign-agent-identity":        `is "agentIdentity" by its member agent_identity, which`,
	} {
		_, err := managerOf(t, name).ChatGPT(t.Context())
		if msg := asError(t, err).Message; !strings.Contains(msg, want) {
			t.Errorf("%s: message %q", name, msg)
		}
	}
}

// The environment's credentials work whatever is in the file.
func TestUnusableFileAndEnvironment(t *testing.T) {
	for name, mode := range map[string]string{"foreign-mode-headers": "chatgpt", "broken-array": "!"} {
		m := NewManager(Config{
			Home: homeWith(t, fixture(t, name)), Now: now,
			APIKey: secret("sk-" + canary + "-env"), AccessToken: secret(token("")),
		})
		_, err := m.ChatGPT(t.Context())
		equal(t, "ChatGPT", outcome(t, err), "")
		_, err = m.Platform(t.Context())
		equal(t, "Platform", outcome(t, err), "")
		got, err := m.Mode(t.Context())
		if outcome(t, err) != "" {
			got = "!"
		}
		equal(t, "Mode", string(got), mode)
		status, _ := statusOf(t, m)
		equal(t, "state", status.State, protocol.StateAuthenticated)
		equal(t, "mode is known", status.Mode != nil, mode != "!")
		equal(t, "warnings", len(status.Warnings), 1)
	}
}

func TestNoFile(t *testing.T) {
	for name, home := range map[string]string{
		"empty folder": t.TempDir(),
		"no folder":    filepath.Join(t.TempDir(), "with blänk", "nothing"),
		"no home":      "",
	} {
		m := NewManager(Config{Home: home, Now: now})
		_, err := m.ChatGPT(t.Context())
		e := asError(t, err)
		equal(t, name, e.Data.Reason, "no_credentials")
		equal(t, "need", e.Data.Need, protocol.CredentialChatGPT)
		equal(t, "have", len(e.Data.Have), 0)
		equal(t, "loginMethods", e.Data.LoginMethods, []string{"browser", "device"})
		_, err = m.Platform(t.Context())
		e = asError(t, err)
		equal(t, "need", e.Data.Need, protocol.CredentialPlatformKey)
		equal(t, "loginMethods", e.Data.LoginMethods, []string{"apiKey", "browser"})
		status, _ := statusOf(t, m)
		equal(t, "state", status.State, protocol.StateUnauthenticated)
		equal(t, "file", []bool{status.File.Mode == nil, status.File.Modified == nil}, []bool{true, true})
		if home != "" {
			if _, err := os.Stat(filepath.Join(home, store.FileName)); !os.IsNotExist(err) {
				t.Error("reading made a file")
			}
		}
	}
}

func TestLinks(t *testing.T) {
	home, other := t.TempDir(), t.TempDir()
	target := filepath.Join(other, "real.json")
	put(t, target, fixture(t, "codex-apikey"))
	link := filepath.Join(home, store.FileName)
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	m := NewManager(Config{Home: home, Now: now})
	_, err := m.Platform(t.Context())
	equal(t, "link", outcome(t, err), "")

	put(t, target, fixture(t, "codex-chatgpt"))
	_, err = m.ChatGPT(t.Context())
	equal(t, "its target replaced", outcome(t, err), "")

	if err := os.Remove(target); err != nil {
		t.Fatal(err)
	}
	_, err = m.ChatGPT(t.Context())
	equal(t, "link to nothing", outcome(t, err), "no_credentials")

	if err := os.Symlink(link, target); err != nil {
		t.Fatal(err)
	}
	_, err = m.ChatGPT(t.Context())
	equal(t, "link to itself", outcome(t, err), "unreadable")
}

func TestHomeIsAFile(t *testing.T) {
	home := filepath.Join(t.TempDir(), "file")
	put(t, home, []byte("x"))
	_, err := NewManager(Config{Home: home}).Platform(t.Context())
	equal(t, "reason", outcome(t, err), "unreadable")
	if msg := asError(t, err).Message; strings.Count(msg, home) != 1 {
		t.Errorf("message %q", msg)
	}
}

func TestUnreadableFile(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root reads everything")
	}
	home := homeWith(t, fixture(t, "codex-chatgpt"))
	if err := os.Chmod(filepath.Join(home, store.FileName), 0); err != nil {
		t.Fatal(err)
	}
	_, err := NewManager(Config{Home: home}).ChatGPT(t.Context())
	equal(t, "reason", outcome(t, err), "unreadable")
}

func TestLargeFile(t *testing.T) {
	text := fixture(t, "codex-chatgpt")
	padded := func(size int) []byte { return append(bytes.Repeat([]byte(" "), size-len(text)), text...) }
	home := homeWith(t, padded(fileLimit))
	m := NewManager(Config{Home: home, Now: now})
	_, err := m.ChatGPT(t.Context())
	equal(t, "1 MiB", outcome(t, err), "")
	for _, size := range []int{fileLimit + 1, 2 << 20} {
		put(t, m.path, padded(size))
		_, err = m.ChatGPT(t.Context())
		equal(t, "larger", outcome(t, err), "corrupt")
	}

	// 1 GiB without a block on the disk.
	if err := os.Truncate(m.path, 1<<30); err != nil {
		t.Fatal(err)
	}
	_, err = m.ChatGPT(t.Context())
	if msg := asError(t, err).Message; !strings.Contains(msg, "larger than 1 MiB") {
		t.Errorf("message %q", msg)
	}
}

// A file that is being written in place is read again, five times, 20 ms apart.
//
// Faults: A16.
func TestTornFile(t *testing.T) {
	whole := fixture(t, "codex-chatgpt")
	for _, after := range []time.Duration{0, 10, 50, 90, 110, 1000} {
		after *= time.Millisecond
		home := homeWith(t, whole[:100])
		synctest.Test(t, func(t *testing.T) {
			m := NewManager(Config{Home: home, Now: now})
			start := time.Now()
			var writer sync.WaitGroup
			defer writer.Wait()
			writer.Go(func() {
				time.Sleep(after)
				_ = os.WriteFile(m.path, whole, 0o600)
			})
			_, err := m.ChatGPT(t.Context())
			want, took := "", time.Since(start)
			if after > 100*time.Millisecond {
				want = "corrupt"
			}
			equal(t, after.String(), outcome(t, err), want)
			if took > 100*time.Millisecond || want == "corrupt" && took != 100*time.Millisecond {
				t.Errorf("%v: it took %v", after, took)
			}
		})
	}
}

// A type error is final: no write in place looks like that.
func TestWrongTypeIsNotReadAgain(t *testing.T) {
	home := homeWith(t, fixture(t, "broken-array"))
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, err := NewManager(Config{Home: home}).ChatGPT(t.Context())
		equal(t, "reason", outcome(t, err), "corrupt")
		equal(t, "waited", time.Since(start), 0)
	})
}

func TestTornFileAndContext(t *testing.T) {
	home := homeWith(t, []byte("{"))
	synctest.Test(t, func(t *testing.T) {
		m := NewManager(Config{Home: home, Now: now})
		start := time.Now()
		for name, resolve := range map[string]func() error{
			"ChatGPT":  func() error { _, err := m.ChatGPT(ended(t)); return err },
			"Platform": func() error { _, err := m.Platform(ended(t)); return err },
			"Mode":     func() error { _, err := m.Mode(ended(t)); return err },
		} {
			equal(t, name, outcome(t, resolve()), "cancelled")
		}
		equal(t, "waited", time.Since(start), 0)

		// What was given up is not remembered, and a status has no such state.
		equal(t, "state", m.Status(ended(t)).State, protocol.StateError)
		equal(t, "reason", m.Status(ended(t)).Routes[0].Reason, "corrupt")
		put(t, m.path, fixture(t, "codex-chatgpt"))
		_, err := m.ChatGPT(ended(t))
		equal(t, "whole again", outcome(t, err), "")
	})
}

// An old file that was given up half-way is not remembered either.
func TestEndedReadIsNotCached(t *testing.T) {
	m := managerOf(t, "broken-empty")
	_, err := m.ChatGPT(ended(t))
	equal(t, "ended", outcome(t, err), "cancelled")
	_, err = m.ChatGPT(t.Context())
	equal(t, "next", outcome(t, err), "corrupt")
}
