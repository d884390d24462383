package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func (p *program) versionCommand() *cobra.Command {
	asJSON, check := false, false
	c := p.command(spec{
		use: "version", short: "print the version",
		run: func([]string) error { return p.printVersion(asJSON, check) },
	})
	c.Flags().BoolVar(&asJSON, "json", false, "print version, commit, date, platform and Go as one JSON object")
	c.Flags().BoolVar(&check, "check", false, "say how to look for updates; nobody is asked")
	return c
}

// howToLook is what version --check says: this program asks nobody for updates.
const howToLook = `signalbox asks nobody for updates. Ask the program that you installed
it with, or look at https://github.com/signalbox-dev/signalbox/releases`

// versionInfo is what version --json prints.
type versionInfo struct {
	Version string `json:"version"`
	// Commit and Date are of the source; null where the build does not know them.
	Commit   *string `json:"commit"`
	Date     *string `json:"date"`
	Platform string  `json:"platform"`
	Go       string  `json:"go"`
}

// versionInfo returns what is known of the build.
func (p *program) versionInfo() versionInfo {
	commit, date := p.commit, p.date
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision" && commit == "":
				commit = s.Value
			case s.Key == "vcs.time" && date == "":
				date = s.Value
			}
		}
	}
	known := func(text string) *string {
		if text == "" {
			return nil
		}
		return &text
	}
	return versionInfo{p.version, known(commit), known(date), runtime.GOOS + "/" + runtime.GOARCH, runtime.Version()}
}

func (p *program) printVersion(asJSON, check bool) error {
	if asJSON && check {
		return errors.New("--json and --check exclude each other")
	}
	if asJSON {
		text, _ := json.Marshal(p.versionInfo()) // it has strings only
		_, _ = fmt.Fprintf(p.stdout, "%s\n", text)
		return nil
	}
	_, _ = fmt.Fprintln(p.stdout, "signalbox "+p.version)
	if check {
		_, _ = fmt.Fprintln(p.stdout, howToLook)
	}
	return nil
}
