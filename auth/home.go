package auth

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/protocol"
)

// Home returns CODEX_HOME: the value of the variable, else .codex in the home
// folder of the user (HOME, or USERPROFILE on Windows, else what the system
// says). The folder need not exist.
//
// The error is 1003 bad_home for a value that is not an absolute path, or that
// holds what a shell or a reader of a file should have replaced: a login would end
// in a folder that nobody looks for. Without any of the variables it is a plain
// error.
func Home(getenv func(string) string) (string, error) {
	name, home := "CODEX_HOME", getenv("CODEX_HOME")
	if home == "" {
		name = "HOME"
		if runtime.GOOS == "windows" {
			name = "USERPROFILE"
		}
		home = getenv(name)
		if home == "" {
			u, err := user.Current()
			if err != nil || u.HomeDir == "" {
				return "", fmt.Errorf("neither CODEX_HOME nor %s is set", name)
			}
			home = u.HomeDir
		}
	}
	if fault := homeFault(home); fault != "" {
		return "", badHome(home, name+" "+fault, "Set "+name+" to the absolute path of a folder")
	}
	if name != "CODEX_HOME" {
		home = filepath.Join(home, ".codex")
	}
	return filepath.Clean(home), nil
}

// homeFault returns what is wrong with a path; "" for nothing.
func homeFault(home string) string {
	switch {
	case strings.ContainsAny(home, "\r\n"):
		return "contains a line break"
	case strings.ContainsAny(home, "\"'"):
		return "contains quotes, which belong to the shell and not to the path"
	case strings.HasPrefix(home, "~"), runtime.GOOS != "windows" && strings.Contains(home, "~"):
		return "contains ~, which no shell has replaced"
	case strings.Contains(home, "$"):
		return "contains $, which no shell has replaced"
	case !filepath.IsAbs(home):
		return "is not an absolute path"
	}
	return ""
}

// badHome returns a 1003 bad_home.
func badHome(path, message, action string) *protocol.Error {
	return protocol.NewError(protocol.CodeCredentialStore, message, protocol.ErrorData{
		Reason: protocol.ReasonBadHome, Action: action, Path: strings.ToValidUTF8(path[:min(len(path), 512)], ""),
	})
}

// homeError returns why nothing of a store counts: the 1003 of a CODEX_HOME that
// was refused, else nil.
func (m *Manager) homeError() error {
	if protocol.ReasonOf(m.cfg.HomeError) == protocol.ReasonBadHome {
		return m.cfg.HomeError
	}
	return nil
}

// noHome returns the 1003 of a process without CODEX_HOME.
func (m *Manager) noHome() error {
	if err := m.homeError(); err != nil {
		return err
	}
	return protocol.NewError(protocol.CodeCredentialStore, "neither CODEX_HOME nor a home folder is set",
		protocol.ErrorData{Reason: protocol.ReasonReadOnly, Action: "Set CODEX_HOME or HOME"})
}

// checkHome reports whether CODEX_HOME, which does not exist, could be created: by
// creating a folder where its first missing part would be, and removing it. The
// error is 1003.
func checkHome(home string) error {
	for dir := home; ; {
		if _, err := os.Lstat(dir); err == nil && dir != home || filepath.Dir(dir) == dir {
			probe, err := os.MkdirTemp(dir, ".signalbox-")
			if err != nil {
				return store.Failed(home, err)
			}
			_ = os.Remove(probe)
			return nil
		} else if err == nil { // it is there, and leads nowhere
			return badHome(home, home+" is a link to a folder that does not exist", "Create that folder, or remove the link")
		} else if !errors.Is(err, fs.ErrNotExist) {
			return badHome(home, "the folder "+home+" cannot be created", "Set CODEX_HOME to a folder that you can write to")
		}
		dir = filepath.Dir(dir)
	}
}
