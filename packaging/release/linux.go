package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	description = "One process that owns a user's OpenAI credentials and routing"
	// details follow it where a package has more than a line.
	details = `Editor plugins, agents and scripts start signalbox and speak JSON-RPC 2.0
with it on stdin and stdout; they never see a token. It shares the login of the
Codex CLI.`
	// copyright is what Debian wants in the place of the whole licence.
	copyright = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: signalbox
Source: https://github.com/signalbox-dev/signalbox

Files: *
Copyright: the signalbox authors
License: Apache-2.0
 On Debian systems the full text is in /usr/share/common-licenses/Apache-2.0.
`
)

// linuxPackages makes the deb and the rpm of each Linux target, by nfpm.
func (r *release) linuxPackages() error {
	for _, t := range targets {
		if t.os != "linux" {
			continue
		}
		contents, err := r.linuxContents(t)
		if err != nil {
			return err
		}
		config, err := json.Marshal(map[string]any{
			"name": "signalbox", "arch": t.arch, "platform": "linux", "version": r.version, "version_schema": "semver",
			"release": "1", "section": "utils", "priority": "optional", "mtime": r.date.Format(time.RFC3339),
			"maintainer": "The signalbox authors <signalbox-dev@users.noreply.github.com>", "description": description + "\n" + details,
			"homepage": "https://github.com/signalbox-dev/signalbox", "license": "Apache-2.0", "contents": contents,
			// The system's authorities; without them no connection is trusted.
			"recommends": []string{"ca-certificates"},
			"rpm":        map[string]any{"buildhost": "localhost", "summary": description},
		})
		if err != nil {
			return err
		}
		file := filepath.Join(r.work, "nfpm-"+t.arch+".yaml") // JSON is YAML
		if err := os.WriteFile(file, config, 0o644); err != nil {
			return err
		}
		stamp := []string{"SOURCE_DATE_EPOCH=" + strconv.FormatInt(r.date.Unix(), 10)}
		name := "signalbox_" + r.version + "_" + t.String()
		for _, packager := range []string{"deb", "rpm"} {
			if err := run(r.work, stamp, filepath.Join(r.tools, "nfpm"), "package", "-f", file, "-p", packager, "-t", filepath.Join(r.out, name+"."+packager)); err != nil {
				return err
			}
		}
	}
	return nil
}

// content is a file of a package as nfpm takes it.
type content struct {
	Source string `json:"src"`
	Path   string `json:"dst"`
	Type   string `json:"type,omitempty"`
	// Packager is "deb" or "rpm" for what the other one does not have.
	Packager string `json:"packager,omitempty"`
	Info     struct {
		Mode  fs.FileMode `json:"mode"`
		MTime string      `json:"mtime"`
	} `json:"file_info"`
}

// linuxContents returns what the packages of t hold, where the file system hierarchy
// of Linux has it.
func (r *release) linuxContents(t target) ([]content, error) {
	folder := filepath.Join(r.work, "linux-"+t.arch)
	contents := []content{r.content(r.bins[t], "/usr/bin/signalbox", 0o755)}
	for _, e := range append([]entry{{name: "copyright", data: []byte(copyright)}}, r.docs...) {
		to, only := "", ""
		switch dir, name := path.Split(e.name); {
		case dir == "man/":
			to = "/usr/share/man/man1/" + name + ".gz"
		case name == "signalbox":
			to = "/usr/share/bash-completion/completions/signalbox"
		case name == "_signalbox":
			to = "/usr/share/zsh/vendor-completions/_signalbox"
		case name == "signalbox.fish":
			to = "/usr/share/fish/vendor_completions.d/signalbox.fish"
		case name == "copyright":
			to, only = "/usr/share/doc/signalbox/copyright", "deb"
		case name == "LICENSE":
			only = "rpm"
			to = "/usr/share/licenses/signalbox/LICENSE"
		case name == "CHANGELOG.md":
			to = "/usr/share/doc/signalbox/CHANGELOG.md.gz"
		case name == "README.md":
			to = "/usr/share/doc/signalbox/README.md"
		default: // of another system
			continue
		}
		data := e.data
		if strings.HasSuffix(to, ".gz") {
			var err error
			if data, err = compressed(data); err != nil {
				return nil, err
			}
		}
		source := filepath.Join(folder, filepath.FromSlash(to))
		if err := os.MkdirAll(filepath.Dir(source), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(source, data, 0o644); err != nil {
			return nil, err
		}
		file := r.content(source, to, 0o644)
		file.Packager = only
		contents = append(contents, file)
	}
	doc := r.content("", "/usr/share/doc/signalbox", 0o755)
	doc.Type = "dir"
	return append(contents, doc), nil
}

func (r *release) content(source, to string, mode fs.FileMode) content {
	c := content{Source: source, Path: to}
	c.Info.Mode, c.Info.MTime = mode, r.date.Format(time.RFC3339)
	return c
}
