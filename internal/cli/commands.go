package cli

import (
	"github.com/signalbox-dev/signalbox/engine"
	"github.com/signalbox-dev/signalbox/protocol"
)

// command is one subcommand. The table of them drives what is run, the help and
// the completion.
type command struct {
	// usage is what follows the name; summary is a line of the help.
	name, usage, summary string
	// about is what `signalbox help NAME` says beside its flags; lines of at most
	// 80 columns.
	about string
	// words are those that its argument may be, for completion; nil: any.
	words func() []string
	// local: it sends nothing, so that the shared flags mean nothing to it.
	local bool
	run   func(p *program, args []string) int
}

// commands in the order of the help.
func commands() []command {
	return []command{
		{"serve", "[FLAGS]", "answer a host on stdin and stdout; the default without a terminal", `
JSON-RPC 2.0, one JSON object a line or with Content-Length headers as in LSP:
the first byte of input decides. It ends with its host, or when stdin ends and
all is answered. docs/protocol.md is the guide, docs/reference.md has the
methods.

  printf '{"id":1,"method":"auth/status"}\n' | signalbox serve --simulate
`, nil, false, serve},
		{"login", "[--device|--with-api-key|--no-browser] [FLAGS]", "log in with a browser, a code on another device, or a key", `
The login is stored where the Codex CLI looks for it, and both use it from then
on. On a machine without a browser: --device. With a key:

  printenv OPENAI_API_KEY | signalbox login --with-api-key
`, nil, false, login},
		{"status", "[--json] [FLAGS]", "who am I, and which routes can be used now", `
Exit code 0 when some route can be used now, else 1. It sends nothing.
`, nil, false, status},
		{"logout", "[--local] [FLAGS]", "forget the login and the key, and tell the issuer", `
The Codex CLI is logged out, too: both have the same login.
`, nil, false, logout},
		{"route", "MODEL [FLAGS]", "where a model would go, without any network call", `
Says the route, the rule that chose it, and the credential; exit code 1 when a
request would be refused, and why.

  signalbox route gpt-5.2-codex --simulate
`, models, false, route},
		{"ask", "-m MODEL PROMPT|- [FLAGS]", "ask a model and stream its text", `
The text goes to stdout, everything else to stderr; "-" reads the prompt from
stdin.

  git diff | signalbox ask -m gpt-5.2-codex -
`, nil, false, ask},
		{"call", "METHOD [JSON|-] [FLAGS]", "send one request, print what comes, one JSON object a line", `
A line for each notification, and a last one {"result":…} or {"error":…} (exit
code 4); "-" reads the params from stdin.

  signalbox call --simulate routes/resolve '{"model":"gpt-5.2-pro"}'
`, methods, false, call},
		{"validate", "[--json] [FLAGS]", "ask each pinned model, prove which one answers; pass or fail", `
Exit code 0 when the answers prove that the right models answered, over the
right routes, with the right credentials; else 1: docs/validate.md.

  signalbox validate --simulate=report
`, nil, false, validate},
		{"demo", "[FLAGS]", "watch a host at work, without an account", `
Spawns a server with the built-in simulator and speaks with it, as a host does.
`, nil, false, demo},
		{"schema", "[--lang LANGUAGE]", "describe the protocol: openrpc, jsonschema, typescript, python", `
Types and documents for a program, made from the tables of this very binary.
`, nil, true, schema},
		{"completion", "bash|zsh|fish", "print the completion script of a shell", `
  source <(signalbox completion bash)     # in ~/.bashrc
  source <(signalbox completion zsh)      # in ~/.zshrc, after compinit
  signalbox completion fish | source      # in ~/.config/fish/config.fish
`, func() []string { return []string{"bash", "zsh", "fish"} }, true, completion},
		{"version", "", "print the version", "", nil, true, printVersion},
		{"help", "[COMMAND]", "print this text, or what there is to know of a command", "", names, true, help},
	}
}

// find returns the subcommand of that name.
func find(name string) (command, bool) {
	for _, c := range commands() {
		if c.name == name {
			return c, true
		}
	}
	return command{}, false
}

// names of the subcommands.
func names() []string {
	var all []string
	for _, c := range commands() {
		all = append(all, c.name)
	}
	return all
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
	case "exchange":
		return []string{"auto", "never", "require"}
	case "lang":
		return protocol.SchemaLanguages
	case "m", "model":
		return models()
	case "simulate":
		return append([]string{"list"}, scenarioNames()...)
	}
	return nil
}

// isFileFlag: the value is a file.
func isFileFlag(name string) bool { return name == "log-file" || name == "trace" }

// models are those that are pinned to a route.
func models() []string { return engine.Pinned() }
