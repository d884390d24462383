package cli

import (
	"fmt"
	"io"
	"strings"
)

// completion prints a script that completes the commands, their flags and the
// words that these may have.
func completion(p *program, args []string) int {
	_, rest, err := parseFlags("completion", args, p.stdout)
	if err != nil {
		return p.usageError(err)
	}
	shell := ""
	if len(rest) == 1 {
		shell = rest[0]
	}
	switch shell {
	case "bash":
		completeBash(p.stdout, p.described())
	case "zsh":
		completeZsh(p.stdout, p.described())
	case "fish":
		completeFish(p.stdout, p.described())
	default:
		return p.usageError(fmt.Errorf("completion takes bash, zsh or fish"))
	}
	return exitSuccess
}

// described is a command with its flags.
type described struct {
	command
	flags []flagLine
}

// flagLine is a flag as the help of its command shows it.
type flagLine struct {
	name, text string
	// takes a value; optional: it may do without.
	takes, optional bool
}

// described reads the flags of each command from its own help, so that the
// completion knows what the command does.
func (p *program) described() []described {
	var all []described
	for _, c := range commands() {
		var text strings.Builder
		c.run(&program{stdin: p.stdin, stdout: &text, stderr: io.Discard, getenv: p.getenv, signals: p.signals}, []string{"--help"})
		d := described{command: c}
		for line := range strings.Lines(text.String()) {
			word, rest, _ := strings.Cut(strings.TrimPrefix(line, "  "), " ")
			if !strings.HasPrefix(line, "  -") {
				continue
			}
			name, _, takes := strings.Cut(strings.TrimSpace(word), "=")
			name, optional := strings.CutSuffix(name, "[")
			f := flagLine{name: strings.TrimLeft(name, "-"), takes: takes, optional: optional, text: strings.TrimSpace(rest)}
			if len(f.name) == 1 {
				f.takes = true
				_, f.text, _ = strings.Cut(f.text, " ")
				f.text = strings.TrimSpace(f.text)
			}
			d.flags = append(d.flags, f)
		}
		all = append(all, d)
	}
	return all
}

// dashes writes a flag as it is typed.
func (f flagLine) dashes() string {
	if len(f.name) == 1 {
		return "-" + f.name
	}
	return "--" + f.name
}

func completeBash(w io.Writer, all []described) {
	_, _ = fmt.Fprint(w, `# bash completion of signalbox
_signalbox() {
  local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}" words=""
  if [ "$cur" = "=" ]; then
    cur=""
  elif [ "$prev" = "=" ]; then
    prev="${COMP_WORDS[COMP_CWORD-2]}"
  fi
  case "$prev" in
`)
	seen := map[string]bool{}
	for _, d := range all {
		for _, f := range d.flags {
			if seen[f.name] || !f.takes {
				continue
			}
			seen[f.name] = true
			switch words := flagWords(f.name); {
			case isFileFlag(f.name):
				_, _ = fmt.Fprintf(w, "    %s) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n", f.dashes())
			case words != nil && f.optional:
				// Only behind "=": alone, the flag is complete.
				_, _ = fmt.Fprintf(w, "    %s) if [[ ${COMP_WORDS[COMP_CWORD]} == = || ${COMP_WORDS[COMP_CWORD-1]} == = ]]; then COMPREPLY=($(compgen -W %q -- \"$cur\")); return; fi ;;\n", f.dashes(), strings.Join(words, " "))
			case words != nil:
				_, _ = fmt.Fprintf(w, "    %s) COMPREPLY=($(compgen -W %q -- \"$cur\")); return ;;\n", f.dashes(), strings.Join(words, " "))
			default:
				_, _ = fmt.Fprintf(w, "    %s) return ;;\n", f.dashes())
			}
		}
	}
	_, _ = fmt.Fprintf(w, `  esac
  if [ "$COMP_CWORD" = 1 ]; then
    COMPREPLY=($(compgen -W %q -- "$cur"))
    return
  fi
  case "${COMP_WORDS[1]}" in
`, strings.Join(names(), " "))
	for _, d := range all {
		var words []string
		if d.words != nil {
			words = d.words()
		}
		for _, f := range d.flags {
			words = append(words, f.dashes())
		}
		_, _ = fmt.Fprintf(w, "    %s) words=%q ;;\n", d.name, strings.Join(words, " "))
	}
	_, _ = fmt.Fprint(w, `  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -F _signalbox signalbox
`)
}

func completeZsh(w io.Writer, all []described) {
	// Within single quotes, and without the signs that _arguments reads.
	quote := strings.NewReplacer("'", `'\''`, "[", `\[`, "]", `\]`, ":", `\:`).Replace
	_, _ = fmt.Fprint(w, "#compdef signalbox\n_signalbox() {\n  if (( CURRENT == 2 )); then\n    local -a commands=(\n")
	for _, d := range all {
		_, _ = fmt.Fprintf(w, "      '%s:%s'\n", d.name, quote(d.summary))
	}
	_, _ = fmt.Fprint(w, "    )\n    _describe command commands\n    return\n  fi\n  local command=$words[2]\n  shift words\n  (( CURRENT-- ))\n  case $command in\n")
	for _, d := range all {
		_, _ = fmt.Fprintf(w, "    %s) _arguments", d.name)
		for _, f := range d.flags {
			spec := f.dashes()
			if f.takes && len(f.name) > 1 {
				spec += "="
			}
			if f.optional {
				spec += "-"
			}
			spec += "[" + quote(f.text) + "]"
			switch words := flagWords(f.name); {
			case !f.takes:
			case isFileFlag(f.name):
				spec += ":file:_files"
			case words != nil && f.optional:
				spec += "::word:(" + strings.Join(words, " ") + ")"
			case words != nil:
				spec += ":word:(" + strings.Join(words, " ") + ")"
			default:
				spec += ":value:"
			}
			_, _ = fmt.Fprintf(w, " \\\n      '%s'", spec)
		}
		if d.words != nil {
			_, _ = fmt.Fprintf(w, " \\\n      '1:word:(%s)'", strings.Join(d.words(), " "))
		}
		_, _ = fmt.Fprint(w, " ;;\n")
	}
	_, _ = fmt.Fprint(w, "  esac\n}\nif [ \"$funcstack[1]\" = _signalbox ]; then\n  _signalbox \"$@\"\nelse\n  compdef _signalbox signalbox\nfi\n")
}

func completeFish(w io.Writer, all []described) {
	quote := func(text string) string { return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(text) + "'" }
	_, _ = fmt.Fprint(w, "complete -c signalbox -f\n")
	for _, d := range all {
		_, _ = fmt.Fprintf(w, "complete -c signalbox -n __fish_use_subcommand -a %s -d %s\n", d.name, quote(d.summary))
		here := quote("__fish_seen_subcommand_from " + d.name)
		if d.words != nil {
			_, _ = fmt.Fprintf(w, "complete -c signalbox -n %s -a %s\n", here, quote(strings.Join(d.words(), " ")))
		}
		for _, f := range d.flags {
			option := "-l " + f.name
			if len(f.name) == 1 {
				option = "-s " + f.name
			}
			switch words := flagWords(f.name); {
			case !f.takes:
			case isFileFlag(f.name):
				option += " -r -F"
			case words != nil && f.optional:
				option += " -a " + quote(strings.Join(words, " "))
			case words != nil:
				option += " -x -a " + quote(strings.Join(words, " "))
			default:
				option += " -x"
			}
			_, _ = fmt.Fprintf(w, "complete -c signalbox -n %s %s -d %s\n", here, option, quote(f.text))
		}
	}
}
