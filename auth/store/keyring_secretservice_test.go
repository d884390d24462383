//go:build unix && !darwin

package store

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/signalbox-dev/signalbox/internal/testcheck"
)

// The name that Codex 0.169.0 was seen to give the entry of a CODEX_HOME.
func TestKeyringName(t *testing.T) {
	equal(t, "account", keyringOf("/nowhere/of/signalbox/.codex").account, "cli|018ab8611eb739ca")
	equal(t, "service", keyringOf("/").service, "Codex Auth")
}

// An entry is made, read, changed and removed; another program sees the same,
// and an entry of Codex keeps its attributes.
func TestKeyringEntry(t *testing.T) {
	k := session(t)
	ctx := t.Context()
	ours := keyring{"Codex Auth", "cli|0123456789abcdef", keyringTimeout}
	if _, err := ours.read(ctx); !errors.Is(err, errNoEntry) {
		t.Fatalf("an empty keyring: %v", err)
	}
	equal(t, "remove nothing", errText(ours.remove(ctx)), "")

	large := `{"x":"` + strings.Repeat("x", 40_000) + `"}` // a login has about 5 KB
	for _, text := range []string{`{"a":1}`, `{"b":"é"}`, large} {
		equal(t, "write", errText(ours.write(ctx, []byte(text))), "")
		got, err := ours.read(ctx)
		equal(t, "read", string(got)+errText(err), text)
		if k.Lookup(ours.service, ours.account) != text {
			t.Error("another program reads something else")
		}
	}
	const attributes = "attribute.application = rust-keyring\nattribute.service = Codex Auth\n" +
		"attribute.target = default\nattribute.username = cli|0123456789abcdef\n"
	equal(t, "attributes", k.Attributes(ours.service), attributes+"label = cli|0123456789abcdef@Codex Auth:default (signalbox)")
	equal(t, "remove", errText(ours.remove(ctx)), "")
	equal(t, "removed", k.Attributes(ours.service), "")

	k.Store(ours.service, ours.account, "{}")
	before := k.Attributes(ours.service)
	equal(t, "write to Codex's", errText(ours.write(ctx, []byte(`{"a":2}`))), "")
	equal(t, "attributes", k.Attributes(ours.service), before)
	equal(t, "another program", k.Lookup(ours.service, ours.account), `{"a":2}`)

	// Another CODEX_HOME has another entry.
	if _, err := (keyring{"Codex Auth", "cli|fedcba9876543210", keyringTimeout}).read(ctx); !errors.Is(err, errNoEntry) {
		t.Errorf("another account: %v", err)
	}
}

func TestKeyringLocked(t *testing.T) {
	k := session(t)
	ctx := t.Context()
	ours := keyring{"Codex Auth", "cli|0123456789abcdef", keyringTimeout}
	equal(t, "write", errText(ours.write(ctx, []byte("{}"))), "")
	k.Lock()
	start := time.Now()
	_, err := ours.read(ctx)
	for what, err := range map[string]error{"read": err, "write": ours.write(ctx, []byte("{}")), "remove": ours.remove(ctx)} {
		if !errors.Is(err, errLocked) {
			t.Errorf("%s: %v", what, err)
		}
	}
	other := keyring{"Codex Auth", "cli|other", keyringTimeout}
	if err := other.write(ctx, []byte("{}")); !errors.Is(err, errLocked) {
		t.Errorf("a new entry: %v", err)
	}
	if time.Since(start) > keyringTimeout {
		t.Error("a prompt was waited for")
	}
}

// A keyring that never answers costs its timeout and leaves nothing behind.
func TestKeyringHangs(t *testing.T) {
	ours := keyring{"Codex Auth", "cli|0123456789abcdef", 300 * time.Millisecond}
	hang := func(t *testing.T) {
		start := time.Now()
		_, err := ours.read(t.Context())
		if !errors.Is(err, errSilent) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took < ours.timeout || took > keyringTimeout {
			t.Errorf("after %v", took)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, cancel)
		if err := ours.write(ctx, nil); err == nil || errors.Is(err, errSilent) {
			t.Errorf("cancelled: %v", err)
		}
	}
	t.Run("the daemon", func(t *testing.T) {
		k := session(t)
		k.Pause()
		hang(t)
	})
	t.Run("the bus", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "bus")
		l, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }()
		t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+path)
		hang(t)
	})
}

// Where there is no keyring, nothing is waited for, started or asked elsewhere.
func TestKeyringAbsent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	asked := make(chan struct{})
	go func() {
		if c, err := l.Accept(); err == nil {
			_ = c.Close()
			close(asked)
		}
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	for _, address := range []string{
		"unix:path=" + filepath.Join(t.TempDir(), "none"), "nonsense", "unix:", "tcp:host=127.0.0.1,port=" + port,
		"unix:path=/none;tcp:host=127.0.0.1,port=" + port, "unixexec:path=/bin/false", "autolaunch:scope=x",
	} {
		t.Setenv("DBUS_SESSION_BUS_ADDRESS", address)
		_, err := keyringOf(t.TempDir()).read(t.Context())
		if !errors.Is(err, errNoKeyring) {
			t.Errorf("%s: %v", address, err)
		}
	}
	select {
	case <-asked:
		t.Error("another host was asked")
	default:
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// session makes this process one of a session with a real keyring.
func session(t *testing.T) *testcheck.Keyring {
	t.Helper()
	k := testcheck.StartKeyring(t)
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", k.Address())
	return k
}
