package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// variable is one of the environment that counts, or several that belong together.
type variable struct{ name, meaning string }

// variables are all that count (docs/reference.md: Flags and environment).
func variables() []variable {
	return []variable{
		{"CODEX_HOME", "the folder of the login (default ~/.codex)"},
		{"OPENAI_API_KEY", "a Platform key"},
		{"OPENAI_OAUTH_ACCESS_TOKEN", "an access token for the ChatGPT route"},
		{"OPENAI_ORGANIZATION", "a header of the Platform route"},
		{"OPENAI_PROJECT", "a header of the Platform route"},
		{"OPENAI_BASE_URL", "as --platform-base-url"},
		{"SIGNALBOX_CHATGPT_BASE_URL", "as --chatgpt-base-url"},
		{"SIGNALBOX_ISSUER", "as --issuer"},
		{"SIGNALBOX_MODEL", "the model of ask without -m"},
		{"SIGNALBOX_SIMULATE", "as --simulate: a scenario"},
		{"CODEX_REFRESH_TOKEN_URL_OVERRIDE", "whole URL, as in Codex"},
		{"CODEX_REVOKE_TOKEN_URL_OVERRIDE", "whole URL, as in Codex"},
		{"CODEX_CLIENT_ID", "the OAuth client id"},
		{"CODEX_CA_CERTIFICATE", "authorities for TLS; else SSL_CERT_FILE"},
		{"HTTPS_PROXY, NO_PROXY", "a proxy: http, https, socks5, socks5h"},
		{"NO_COLOR, TERM", "for what people read"},
	}
}

// topics are the pages of help that belong to no command.
func topics() map[string]func(io.Writer, *cobra.Command) {
	return map[string]func(io.Writer, *cobra.Command){
		"flags": func(w io.Writer, root *cobra.Command) {
			_, _ = fmt.Fprint(w, "Flags of every command, before it or behind it:\n\n")
			for _, f := range sharedFlags(root) {
				if !isServeFlag(f.Name) {
					printFlag(w, f)
				}
			}
		},
		"environment": func(w io.Writer, _ *cobra.Command) {
			_, _ = fmt.Fprint(w, "Variables that count; a blank one is none; a flag comes before its variable:\n\n")
			for _, v := range variables() {
				_, _ = fmt.Fprintf(w, "  %-33s %s\n", v.name, v.meaning)
			}
			_, _ = fmt.Fprint(w, "\nURLs are https, or http on loopback. More: docs/reference.md\n")
		},
		"exit-codes": func(w io.Writer, _ *cobra.Command) {
			_, _ = fmt.Fprint(w, `Exit codes:

    0  success
    1  failure: refused, failed, not logged in
    2  usage: a wrong command line
    3  serve was still at work when --drain-timeout had passed
    4  call: the answer is an error
  130  ended by SIGINT (Ctrl-C)
  143  ended by SIGTERM
`)
		},
	}
}

// topicNames returns the names of the topics.
func topicNames() []string { return []string{"environment", "exit-codes", "flags"} }

// printTopic prints the topic of that name, or returns false.
func printTopic(w io.Writer, root *cobra.Command, name string) bool {
	print, found := topics()[name]
	if found {
		print(w, root)
	}
	return found
}
