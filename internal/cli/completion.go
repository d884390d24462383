package cli

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/signalbox-dev/signalbox/engine"
	"github.com/signalbox-dev/signalbox/gateway"
	"github.com/signalbox-dev/signalbox/protocol"
)

// shells are those that completion speaks.
func shells() []string { return []string{"bash", "zsh", "fish", "powershell"} }

func (p *program) completionCommand() *cobra.Command {
	return p.command(spec{
		use: "completion bash|zsh|fish|powershell", short: "print the completion script of a shell",
		about: `
  source <(signalbox completion bash)     # ~/.bashrc; needs bash-completion
  source <(signalbox completion zsh)      # ~/.zshrc, after compinit
  signalbox completion fish | source      # ~/.config/fish/config.fish
  signalbox completion powershell | Out-String | Invoke-Expression   # $PROFILE
`,
		words: shells,
		args: func(args []string) error {
			if len(args) != 1 || !slices.Contains(shells(), args[0]) {
				return errors.New("completion takes bash, zsh, fish or powershell")
			}
			return nil
		},
		run: func(args []string) error { return p.completion(args[0]) },
	})
}

// completion prints the script of a shell. The script asks this program for the words.
func (p *program) completion(shell string) error {
	root := p.tree("")
	print := map[string]func() error{
		"bash":       func() error { return root.GenBashCompletionV2(p.stdout, true) },
		"zsh":        func() error { return root.GenZshCompletion(p.stdout) },
		"fish":       func() error { return root.GenFishCompletion(p.stdout, true) },
		"powershell": func() error { return root.GenPowerShellCompletionWithDesc(p.stdout) },
	}[shell]
	_ = print() // an error of stdout is reported in the end
	return nil
}

// completeWords returns what completes a value that is one of words.
func completeWords(words func() []string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
		return slices.DeleteFunc(slices.Clone(words()), func(word string) bool {
			return !strings.HasPrefix(word, begun)
		}), cobra.ShellCompDirectiveNoFileComp
	}
}

// completeFlags lets the values of all flags below c be completed. Only a shell that
// asks for words needs it.
func completeFlags(c *cobra.Command) {
	complete := func(f *pflag.Flag) {
		words := flagWords(f.Name)
		if isFileFlag(f.Name) || words == nil && f.Value.Type() == "bool" {
			return
		}
		// The error is that of a flag that has a function already: a persistent one.
		_ = c.RegisterFlagCompletionFunc(f.Name, completeWords(func() []string { return words }))
	}
	c.LocalFlags().VisitAll(complete)
	for _, below := range c.Commands() {
		completeFlags(below)
	}
}

// methods that a host may call.
func methods() []string {
	var all []string
	for _, m := range protocol.Methods {
		all = append(all, m.Name)
	}
	return all
}

// flagWords are those that a flag may have, for completion; nil: any.
func flagWords(name string) []string {
	switch name {
	case "framing":
		return []string{"auto", "lsp", "ndjson"}
	case "parent-watch":
		return []string{"auto", "off"}
	case "account-mode":
		return []string{"auto", "plan", "chatgpt", "apiKey"}
	case "redirect-host":
		return []string{"127.0.0.1", "localhost"}
	case "log-level":
		return []string{"debug", "info", "warn", "error"}
	case "log-format":
		return []string{"json", "text"}
	case "route":
		return []string{"auto", "chatgpt", "platform"}
	case "on-unsupported":
		return []string{"drop", "refuse"}
	case "print":
		return gateway.Hosts()
	case "exchange":
		return []string{"auto", "never", "require"}
	case "lang":
		return protocol.SchemaLanguages
	case "model":
		return pinnedModels()
	case "simulate":
		return append([]string{"list"}, scenarioNames()...)
	}
	return nil
}

// isFileFlag: the value is a file.
func isFileFlag(name string) bool {
	return name == "log-file" || name == "trace" || name == "token-file" || name == "image" || name == "file" || name == "schema"
}

// pinnedModels are those that are pinned to a route.
func pinnedModels() []string { return engine.Pinned() }
