//go:build unix

package auth

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/protocol"
)

// Nothing but a regular file is opened, and none of these may hang.
//
// Faults: B4.
func TestNotARegularFile(t *testing.T) {
	for name, place := range map[string]func(path string) error{
		"fifo":   func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"folder": func(path string) error { return os.Mkdir(path, 0o700) },
		"device": func(path string) error { return os.Symlink(os.DevNull, path) },
		"link to a fifo": func(path string) error {
			if err := syscall.Mkfifo(path+".fifo", 0o600); err != nil {
				return err
			}
			return os.Symlink(path+".fifo", path)
		},
		"endless": func(path string) error { return os.Symlink("/dev/zero", path) },
	} {
		t.Run(name, func(t *testing.T) {
			home := t.TempDir()
			if err := place(filepath.Join(home, store.FileName)); err != nil {
				t.Fatal(err)
			}
			m := NewManager(Config{Home: home})
			_, err := m.ChatGPT(t.Context())
			equal(t, "reason", outcome(t, err), "corrupt")
			if msg := asError(t, err).Message; !strings.Contains(msg, "is not a regular file") {
				t.Errorf("message %q", msg)
			}
			status, _ := statusOf(t, m)
			equal(t, "state", status.State, protocol.StateError)
		})
	}
}

// The file becomes a pipe between the look and the opening: no reader may hang.
func TestFileBecomesAFifo(t *testing.T) {
	m := managerOf(t, "codex-apikey")
	regular, fifo := m.path+".regular", m.path+".fifo"
	if err := os.Rename(m.path, regular); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	swapped := make(chan struct{})
	go func() {
		defer close(swapped)
		for {
			for _, from := range []string{regular, fifo} {
				_ = os.Link(from, m.path+".next")
				_ = os.Rename(m.path+".next", m.path)
			}
			select {
			case <-read:
				return
			default:
			}
		}
	}()
	go func() {
		defer close(read)
		for range 2000 {
			_, err := m.Platform(t.Context())
			if reason := outcome(t, err); reason != "" && reason != "corrupt" && reason != "no_credentials" {
				t.Errorf("reason %q", reason)
			}
		}
	}()
	select {
	case <-read:
		<-swapped
	case <-time.After(20 * time.Second):
		t.Error("a reader hangs")
	}
}
