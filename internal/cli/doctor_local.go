package cli

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/signalbox-dev/signalbox/protocol"
)

// programFinding says what runs.
func (p *program) programFinding() finding {
	v := p.versionInfo()
	text := fmt.Sprintf("signalbox %s, %s, %s", v.Version, v.Platform, v.Go)
	if v.Commit != nil {
		text += ", commit " + (*v.Commit)[:min(12, len(*v.Commit))]
	}
	if self, err := os.Executable(); err == nil {
		text += ", " + self
	}
	return finding{"program", findingOK, text, ""}
}

// storeFindings look at the folder and the file of the login.
func storeFindings(auth protocol.AuthStatus) []finding {
	path := auth.File.Path
	if path == "" {
		return []finding{{"store", findingProblem, "There is no folder for the login.", "Set CODEX_HOME to the absolute path of a folder."}}
	}
	folder := filepath.Dir(path)
	info, err := os.Stat(folder)
	if err != nil {
		return []finding{{"store", findingNote, folder + " does not exist; a login makes it.", "Run: signalbox login"}}
	}
	f := finding{"store", findingOK, fmt.Sprintf("%s, mode %04o", folder, info.Mode().Perm()), ""}
	if isOpenToOthers(info) {
		f.Status, f.Action = findingNote, "Close it to other users: chmod 700 "+folder
	}
	found := []finding{f}
	for _, name := range []string{"config.toml", "/etc/codex/config.toml", "/etc/codex/managed_config.toml", "/etc/codex/requirements.toml"} {
		if !filepath.IsAbs(name) {
			name = filepath.Join(folder, name)
		}
		if _, err := os.Stat(name); err == nil {
			found = append(found, finding{"config", findingOK, name, ""})
		}
	}
	file, err := os.Lstat(path)
	switch {
	case err != nil:
		found = append(found, finding{"file", findingOK, path + " is absent", ""})
	case file.Mode()&fs.ModeSymlink != 0:
		found = append(found, finding{"file", findingOK, path + " is a symbolic link", ""})
	case isOpenToOthers(file):
		found = append(found, finding{"file", findingProblem, fmt.Sprintf("%s, mode %04o: others can read it.", path, file.Mode().Perm()), "Close it to other users: chmod 600 " + path})
	default:
		found = append(found, finding{"file", findingOK, fmt.Sprintf("%s, mode %04o, written %s", path, file.Mode().Perm(), when(file.ModTime().Format(time.RFC3339), time.Now())), ""})
	}
	return found
}

// loginFindings say what the login is good for.
func loginFindings(auth protocol.AuthStatus) []finding {
	var found []finding
	state := finding{"login", findingOK, "state " + string(auth.State), ""}
	if auth.Account != nil && auth.Account.PlanType != nil {
		state.Text += ", plan " + *auth.Account.PlanType
	}
	if auth.Mode != nil {
		state.Text += ", mode " + string(*auth.Mode)
	}
	switch auth.State {
	case protocol.StateAuthenticated:
	case protocol.StateUnauthenticated, protocol.StateExpired:
		state.Status, state.Action = findingProblem, "Run: signalbox login"
	default:
		state.Status, state.Action = findingProblem, "Run signalbox status, which says why."
	}
	found = append(found, state)
	if c := auth.Credentials.ChatGPT; c.Present {
		text := credentialWords(c.Source)
		if c.ExpiresAt != nil {
			text += ", expires " + when(*c.ExpiresAt, time.Now())
		}
		f := finding{"token", findingOK, text, ""}
		if c.Unsaved {
			f = finding{"token", findingProblem, text + ", and the newest tokens could not be saved", "Make room on the disk and " + filepath.Dir(auth.File.Path) + " writable."}
		}
		found = append(found, f)
	}
	if k := auth.Credentials.Platform; k.Present {
		found = append(found, finding{"key", findingOK, credentialWords(k.Source), ""})
	}
	for _, r := range auth.Routes {
		f := finding{"route", findingOK, string(r.Route) + " can be used", ""}
		if !r.Available {
			f = finding{"route", findingNote, fmt.Sprintf("%s cannot be used: %s", r.Route, unavailableWords(r.Reason)), "Run signalbox route MODEL, which says what is missing."}
		}
		found = append(found, f)
	}
	for _, warning := range auth.Warnings {
		found = append(found, finding{"warning", findingProblem, warning, "Mend what the sentence names."})
	}
	return found
}

// overrideFindings name what stands in the place of a default.
func overrideFindings(auth protocol.AuthStatus) []finding {
	var found []finding
	for _, o := range auth.Overrides {
		found = append(found, finding{"override", findingNote, fmt.Sprintf("%s=%s (%s)", o.Name, o.Value, o.Source), "Take it away if nobody wants it."})
	}
	return found
}

// lockFindings name who holds the locks of the store.
func lockFindings(path string) []finding {
	if path == "" {
		return nil
	}
	folder := filepath.Dir(path)
	var held []string
	for _, name := range []string{"auth.refresh.lock", "auth.lock", filepath.Base(path) + ".lock"} {
		for _, holder := range lockHolders(filepath.Join(folder, name)) {
			held = append(held, name+" by "+holder)
		}
	}
	if len(held) == 0 {
		return []finding{{"locks", findingOK, "nobody holds one", ""}}
	}
	return []finding{{"locks", findingNote, strings.Join(held, "; "), "Wait; if it lasts longer than a minute, end that process."}}
}
