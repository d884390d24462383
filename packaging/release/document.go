package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
)

// completions says what each shell calls the script.
var completions = map[string]string{"bash": "signalbox", "zsh": "_signalbox", "fish": "signalbox.fish", "powershell": "signalbox.ps1"}

// document makes what every archive has beside the binary: the licence, the README,
// the changes, the scripts of completion and the manual pages.
func (r *release) document() error {
	for _, name := range []string{"LICENSE", "README.md", "CHANGELOG.md"} {
		text, err := os.ReadFile(filepath.Join(r.tree, name))
		if err != nil {
			return err
		}
		r.docs = append(r.docs, entry{name: name, mode: 0o644, data: text})
	}
	here := filepath.Join(r.work, "here", "signalbox")
	if err := r.compile(r.tree, "", target{runtime.GOOS, runtime.GOARCH}, here); err != nil {
		return err
	}
	for shell, file := range completions {
		script, err := exec.Command(here, "completion", shell).Output()
		if err != nil {
			return err
		}
		r.docs = append(r.docs, entry{name: "completion/" + file, mode: 0o644, data: script})
	}
	man := filepath.Join(r.work, "man")
	stamp := []string{"SOURCE_DATE_EPOCH=" + strconv.FormatInt(r.date.Unix(), 10), "GOFLAGS=", "GOWORK=off"}
	if err := run(r.tree, stamp, "go", "run", "./packaging/man", man); err != nil {
		return err
	}
	pages, err := filesBelow(man, "man")
	r.docs = append(r.docs, pages...)
	return err
}
