package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/signalbox-dev/signalbox/protocol"
)

// askOptions are the flags of ask.
type askOptions struct {
	model, system, effort, expectModel, schema string
	images, files                              []string
	asJSON, events, verbose, reasoning         bool
}

// modelVariable names the model of ask without -m.
const modelVariable = "SIGNALBOX_MODEL"

func (p *program) askCommand() *cobra.Command {
	var o askOptions
	c := p.command(spec{
		use: "ask [PROMPT|-]", short: "ask a model and stream its text",
		about: `
Text goes to stdout, all else to stderr. What is piped in follows the prompt.

  git diff | signalbox ask -m gpt-5.2-codex "Review this change."
`,
		args: func([]string) error { return nil },
		run:  func(args []string) error { return p.ask(&o, args) },
	})
	set := c.Flags()
	set.StringVarP(&o.model, "model", "m", "", "the `MODEL`; else "+modelVariable+", else that of Codex")
	set.StringVar(&o.system, "system", "", "instructions: `TEXT`")
	set.StringVar(&o.effort, "effort", "", "reasoning effort: `WORD`, such as low or high")
	set.BoolVar(&o.reasoning, "reasoning", false, "show summaries of the reasoning, dimmed, on stderr")
	set.StringArrayVar(&o.images, "image", nil, "add the image in `FILE`; repeatable")
	set.StringArrayVar(&o.files, "file", nil, "add `FILE`, text or PDF; repeatable")
	set.StringVar(&o.schema, "schema", "", "the answer is JSON that fits the JSON Schema in `FILE`")
	set.StringVar(&o.expectModel, "expect-model", "", "fail unless `MODEL` answers")
	set.BoolVar(&o.asJSON, "json", false, "print the result with its evidence, or the error")
	set.BoolVar(&o.events, "events", false, "print each event, a line each")
	set.BoolVarP(&o.verbose, "verbose", "v", false, "say on stderr what answered, and how")
	return c
}

// ask sends one prompt and streams the text of the answer to stdout.
func (p *program) ask(o *askOptions, args []string) error {
	if o.asJSON && o.events {
		return errors.New("--json and --events exclude each other")
	}
	body, err := p.askBody(o, args)
	if err != nil {
		return err
	}
	line := p.newProgress("connecting…")
	defer line.end()
	p.watchRetries(line)
	s, err := p.open()
	if err != nil {
		return err
	}
	if o.model == "" {
		if o.model, err = p.configuredModel(s); err != nil {
			if code := s.end(); code > exitError { // a signal
				return exited(code)
			}
			return err
		}
	}
	body["model"] = o.model
	out := &answer{program: p, options: o, line: line, plain: p.styleOf(p.stderr)}
	result, failure, err := s.call("1", protocol.MethodResponsesCreate, protocol.Encode(body), out.take)
	code := s.end()
	out.end()
	switch {
	case err != nil, failure != nil && code > exitError: // a signal
		return exited(max(code, exitFailure))
	case failure != nil && o.asJSON:
		_, _ = fmt.Fprintf(p.stdout, "{\"error\":%s}\n", failure)
		return exited(exitFailure)
	case failure != nil:
		p.printFailure(failure)
		return exited(exitFailure)
	case o.asJSON:
		_, _ = fmt.Fprintf(p.stdout, "%s\n", result)
	}
	return exit(out.judge(result))
}

// configuredModel returns the model of the environment, else that of Codex's
// configuration. The error, a usage error, lists the models that this login has.
func (p *program) configuredModel(s *session) (string, error) {
	if model := strings.TrimSpace(p.getenv(modelVariable)); model != "" {
		return model, nil
	}
	if model := s.model(); model != "" {
		return model, nil
	}
	result, _, err := s.call("0", protocol.MethodModelsList, protocol.Encode(protocol.ModelsListParams{Refresh: true}), nil)
	if err != nil {
		return "", exited(exitFailure)
	}
	var list protocol.ModelsListResult
	var names []string
	if json.Unmarshal(result, &list) == nil {
		for _, m := range list.Models {
			if m.Available && !m.Hidden {
				names = append(names, m.ID)
			}
		}
	}
	if len(names) == 0 {
		return "", fmt.Errorf("ask needs a model, with -m or %s, and none can be used now; run \"signalbox status\", which says why", modelVariable)
	}
	return "", fmt.Errorf("ask needs a model, with -m or %s; this login has %s", modelVariable, strings.Join(unique(names), ", "))
}

// unique returns words without repetitions, in their order.
func unique(words []string) []string {
	seen := map[string]bool{}
	var all []string
	for _, word := range words {
		if !seen[word] {
			seen[word] = true
			all = append(all, word)
		}
	}
	return all
}
