package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// vsix packs the extension of VS Code, where there is one: clients/vscode/package.sh
// gets the folder, the version, and the folders of the binaries in SIGNALBOX_BINARIES.
func (r *release) vsix() error {
	script := filepath.Join(r.tree, "clients", "vscode", "package.sh")
	if _, err := os.Stat(script); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return run(filepath.Dir(script), []string{"SIGNALBOX_BINARIES=" + filepath.Join(r.work, "bin")}, script, r.out, r.version)
}
