//go:build unix

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/internal/testcheck"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The browser cannot be opened: only the prompt is sent. (No program of these
// tests finds one, see spawn.)
//
// Faults: E21.
func TestNoBrowserToOpen(t *testing.T) {
	t.Parallel()
	h, _, _ := loggedOut(t, options{lsp: true, args: []string{"--log-level=info"}})
	p := h.beginLogin("1", anyPort)
	awaitThat(t, "the attempt", func() bool { return strings.Contains(h.stderr.String(), "no browser was opened") })
	h.waits("1", p)
}

// opener puts a program in the place of xdg-open, which writes its arguments and
// environment to a file, something to stdout, and asks for the page.
func opener(t *testing.T, name string) (path, log string) {
	t.Helper()
	dir := t.TempDir()
	log = filepath.Join(dir, "log")
	script := "#!/bin/sh\necho noise; echo noise >&2; read line\n{ for a in \"$@\"; do printf '%s\\n' \"arg $a\"; done; env; ls -l /proc/$$/fd; } >'" + log + ".part'\nmv '" + log + ".part' '" + log + "'\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(script), 0o700))
	return dir, log
}

// The opener of the system gets the address as one argument, without a shell,
// and nothing that is secret; nothing of it comes to stdout (E22, F11s).
//
// Faults: E22, F11s, U9.
func TestOpenerGetsTheAddressAlone(t *testing.T) {
	t.Parallel()
	for _, variable := range []string{"PATH", "BROWSER"} {
		t.Run(variable, func(t *testing.T) {
			t.Parallel()
			dir, log := opener(t, "xdg-open")
			env := []string{
				"PATH=" + dir + ":/usr/bin:/bin", "DISPLAY=:7", "LANG=C.UTF-8",
				"OPENAI_API_KEY=sk-proj-" + testcheck.Canary, "CODEX_ACCESS_TOKEN=" + testcheck.Canary, "GITHUB_TOKEN=" + testcheck.Canary,
				"OPENAI_OAUTH_ACCESS_TOKEN=" + fakeToken(time.Now().Add(time.Hour)), "X=" + fakeToken(time.Now().Add(time.Hour)),
				"ALL_PROXY=http://user:" + testcheck.Canary + "@127.0.0.1:1",
				"GITHUB_TOKEN_OLD=" + testcheck.Canary, "MYSQL_PASSWORD_2=" + testcheck.Canary, "APIKEY=" + testcheck.Canary,
				"pgpassword=" + testcheck.Canary, "AWS_CREDENTIALS_JSON=" + testcheck.Canary, "CLIENT_SECRET_ID=" + testcheck.Canary,
				"XAUTHORITY=/x", "WAYLAND_DISPLAY=w", "DBUS_SESSION_BUS_ADDRESS=unix:path=/absent/bus", "XDG_ACTIVATION_TOKEN=here",
			}
			if variable == "BROWSER" {
				require.NoError(t, os.Rename(filepath.Join(dir, "xdg-open"), filepath.Join(dir, "mine")))
				env = append(env, "BROWSER=not-there:mine --page=%s &")
			}
			h, _, _ := loggedOut(t, options{lsp: true, env: env})
			p := h.beginLogin("1", anyPort)
			awaitThat(t, "the opener", func() bool { _, err := os.Stat(log); return err == nil })
			text, err := os.ReadFile(log)
			require.NoError(t, err)
			arg, _, _ := strings.Cut(string(text), "\n")
			before := "arg "
			if variable == "BROWSER" {
				before = "arg --page="
			}
			assert.Regexp(t, "^"+before+startPage(t, p)+"$", arg)
			holdsNothingOf(t, p, string(text))
			assert.NotContains(t, string(text), testcheck.Canary)
			assert.Contains(t, string(text), "DISPLAY=:7")
			assert.Contains(t, string(text), "LANG=C.UTF-8")
			for _, needed := range []string{"XAUTHORITY=/x", "WAYLAND_DISPLAY=w", "DBUS_SESSION_BUS_ADDRESS=unix", "XDG_ACTIVATION_TOKEN=here"} {
				assert.Contains(t, string(text), needed)
			}
			assert.NotContains(t, string(text), "OPENAI_")
			h.waits("1", p)
			assert.NotContains(t, h.stdout.String()+h.stderr.String(), "noise")
		})
	}
}

// window/showDocument: the host opens the page if it has said that it can; an
// error, success:false or silence, and the system does.
//
// Faults: E21.
func TestShowDocument(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		answer string // members of the response; "" for none
		system bool
	}{
		"shown":     {`"result":{"success":true}`, false},
		"not shown": {`"result":{"success":false}`, true},
		"an error":  {`"error":{"code":-32601,"message":"no"}`, true},
		"nonsense":  {`"result":7`, true},
		"silence":   {"", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, log := opener(t, "xdg-open")
			sim := simulated(t, simulator.Config{Scenario: "logged-out"})
			h := spawn(t, options{lsp: true, upstream: sim, env: []string{"PATH=" + dir + ":/usr/bin:/bin"}})
			h.call("0", "initialize", `{"processId":null,"capabilities":{"window":{"showDocument":{"support":true}}}}`)
			before := time.Now()
			p := h.beginLogin("1", anyPort)
			m := h.mustNext()
			require.Equal(t, "window/showDocument", m.Method)
			assert.Regexp(t, `^\{"uri":"`+startPage(t, p)+`","external":true\}$`, string(m.Params))
			holdsNothingOf(t, p, string(m.Params))
			if row.answer != "" {
				h.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,%s}`, m.ID, row.answer))
			}
			if row.system {
				awaitThat(t, "the opener", func() bool { _, err := os.Stat(log); return err == nil })
				if row.answer == "" {
					assert.Greater(t, time.Since(before), 5*time.Second)
				}
			}
			h.waits("1", p)
			if !row.system {
				assert.NoFileExists(t, log)
			}
		})
	}
	t.Run("openBrowser:false", func(t *testing.T) {
		t.Parallel()
		dir, log := opener(t, "xdg-open")
		h, _, _ := loggedOut(t, options{env: []string{"PATH=" + dir + ":/usr/bin:/bin"}})
		h.call("0", "initialize", `{"capabilities":{"window":{"showDocument":{"support":true}}}}`)
		p := h.beginLogin("1", `"openBrowser":false,`+anyPort)
		h.waits("1", p)
		assert.NoFileExists(t, log)
		assert.NotContains(t, h.stdout.String(), `"method":"window/showDocument"`)
	})
}
