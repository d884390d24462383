package cli

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/signalbox-dev/signalbox/protocol"
)

const (
	// demoWait bounds the demo as a whole.
	demoWait     = 60 * time.Second
	demoQuestion = "What is 2+2?"
)

func (p *program) demoCommand() *cobra.Command {
	var c *cobra.Command
	c = p.command(spec{
		use: "demo", short: "watch a host at work, without an account",
		about: "\nSpawns a server with the built-in simulator and speaks with it, as a host does.\n",
		run:   func([]string) error { return p.demo(c) },
	})
	return c
}

// demo spawns a server with the simulator over real pipes, as a host would, and
// shows what a host receives.
func (p *program) demo(c *cobra.Command) error {
	if s := p.flags.simulate; s.name != "" && !s.byVariable {
		return errors.New("demo has a scenario of its own for each scene")
	}
	// The server is always simulated; all other flags are passed on.
	args := []string{"serve", "--simulate"}
	c.Flags().Visit(func(f *pflag.Flag) {
		if f.Name != "simulate" && f.Name != "help" {
			args = append(args, "--"+f.Name+"="+f.Value.String())
		}
	})
	err := p.runDemo(args)
	if stopped, ok := errors.AsType[interrupted](err); ok {
		return stopped
	}
	if err != nil {
		_, _ = fmt.Fprintf(p.stderr, "signalbox demo: %v\n", err)
		return exited(exitFailure)
	}
	return nil
}

func (p *program) runDemo(args []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	server := exec.Command(self, args...)
	server.Stderr = p.stderr
	stdin, err := server.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := server.StdoutPipe()
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return err
	}
	timer := time.AfterFunc(demoWait, func() { _ = server.Process.Kill() })
	defer timer.Stop()
	ended, stopped := make(chan struct{}), make(chan os.Signal, 1)
	defer close(ended)
	go func() {
		select {
		case signal := <-p.signals:
			stopped <- signal
			_ = server.Process.Signal(signal)
		case <-ended:
		}
	}()
	d := &demoHost{conversation: conversation{stdin, bufio.NewReader(stdout)}, out: p.stdout, style: p.styleOf(p.stdout), width: p.widthOf(p.stdout)}
	err = d.play()
	_ = stdin.Close() // the end of a script: the server drains and exits
	_, _ = io.Copy(io.Discard, d.lines)
	if ended := server.Wait(); err == nil {
		err = ended
	}
	select {
	case signal := <-stopped:
		return interrupted{signal}
	default:
		return err
	}
}

// demoHost is the host of the demo.
type demoHost struct {
	conversation
	out      io.Writer
	style    style
	width    int
	id       int
	evidence []proof
}

// proof is the evidence of one scene and how the scene ended.
type proof struct {
	protocol.Evidence
	end string
}

// play shows one thing after the other.
func (d *demoHost) play() error {
	d.say("A host spawns %s and speaks JSON-RPC on its pipes.", d.style.bold("signalbox serve --simulate"))
	d.say("Behind it is the built-in simulator of OpenAI: no account, no network.")
	for _, scene := range []func() error{
		d.sceneStatus,
		func() error { return d.sceneAnswer("gpt-5.2-codex") },
		func() error { return d.sceneAnswer("gpt-5.2-pro") },
		func() error {
			return d.sceneFailure("a Platform route for a model that is pinned to ChatGPT", "gpt-5.2-codex", `"route":"platform"`)
		},
		func() error {
			return d.sceneFailure("a different model answers than expected", "gpt-5.2-pro", `"expect":{"model":"gpt-5.2-pro"},"simulate":"mismatch"`)
		},
		func() error {
			return d.sceneFailure("a rate limit of the upstream", "gpt-5.2-pro", `"simulate":"rate-limit"`)
		},
		d.sceneCancel,
	} {
		if err := scene(); err != nil {
			return err
		}
	}
	if err := d.table(); err != nil {
		return err
	}
	d.say("\nNow you:         %s", d.style.bold("signalbox ask -m gpt-5.2-codex --simulate 'What is 2+2?'"))
	d.say("With an account: %s, and the same without --simulate.", d.style.bold("signalbox login"))
	return nil
}

func (d *demoHost) say(format string, args ...any) { _, _ = fmt.Fprintf(d.out, format+"\n", args...) }

// detail prints a name and a text beside it, wrapped to its own column.
func (d *demoHost) detail(name, text string) {
	indent := len(name) + 3
	for i, line := range wrap(text, d.width-indent) {
		if i == 0 {
			d.say("  %s %s", name, line)
		} else {
			d.say("%*s%s", indent, "", line)
		}
	}
}

func (d *demoHost) sceneStatus() error {
	result, _, err := d.ask(protocol.MethodAuthStatus, "{}", nil)
	if err != nil {
		return err
	}
	var auth protocol.AuthStatus
	if err := json.Unmarshal(result, &auth); err != nil {
		return err
	}
	d.say("\n%s %s", d.style.bold("who am I?"), auth.State)
	for _, r := range auth.Routes {
		d.say("  %-8s %s, with %s", r.Route, d.style.mark(r.Available, "available", "not available"), r.CredentialSource)
	}
	return nil
}

// sceneAnswer streams one answer; the simulator takes its time, as a model does.
func (d *demoHost) sceneAnswer(model string) error {
	d.say("\n%s %s", d.style.bold(model+":"), demoQuestion)
	last := ""
	result, failure, err := d.create(model, `"simulate":"slow"`, func(event demoEvent) {
		switch event.Type {
		case "response.reasoning_summary_text.delta", "response.output_text.delta":
			if event.Type != last && last != "" {
				_, _ = fmt.Fprintln(d.out)
			}
			if event.Type != last {
				_, _ = fmt.Fprint(d.out, "  ")
			}
			last = event.Type
			text := strings.NewReplacer("\n", " ", "*", "").Replace(event.Delta)
			if event.Type == "response.reasoning_summary_text.delta" {
				text = d.style.faint(text)
			}
			_, _ = fmt.Fprint(d.out, text)
		}
	})
	switch {
	case err != nil:
		return err
	case failure != nil:
		return failure
	}
	_, _ = fmt.Fprintln(d.out)
	e := result.Evidence
	d.say("  %s over %s, with %s", d.style.green(string(result.Status)), deref(e.Route), e.CredentialSource)
	return nil
}

// sceneFailure shows an error as a host receives it.
func (d *demoHost) sceneFailure(what, model, meta string) error {
	d.say("\n%s %s", d.style.bold(model+":"), what)
	_, failure, err := d.create(model, meta, nil)
	if err != nil {
		return err
	}
	if failure == nil {
		return fmt.Errorf("%s was not refused", what)
	}
	kind := string(failure.Data.Kind)
	if failure.Data.Reason != "" {
		kind += ", " + string(failure.Data.Reason)
	}
	d.say("  %s %d %s", d.style.red("error"), failure.Code, kind)
	d.detail("says ", failure.Message)
	d.detail("to do", failure.Data.Action)
	return nil
}

func (d *demoHost) sceneCancel() error {
	d.say("\n%s cancelled after its first events", d.style.bold("gpt-5.2-codex:"))
	events := 0
	result, failure, err := d.create("gpt-5.2-codex", `"simulate":"slow","streamId":"demo"`, func(demoEvent) {
		if events++; events == 3 {
			d.send(`"cancel"`, protocol.MethodResponsesCancel, json.RawMessage(`{"streamId":"demo"}`))
		}
	})
	switch {
	case err != nil:
		return err
	case failure != nil:
		return failure
	}
	d.say("  %s after %d events", d.style.green(string(result.Status)), events)
	return nil
}

// table prints the evidence of every scene.
func (d *demoHost) table() error {
	d.say("\n%s", d.style.bold("The evidence for each; it comes with every answer and every error."))
	w := tabwriter.NewWriter(d.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, " requested\teffective\troute\tcredential_source\thttp")
	for _, e := range d.evidence {
		status, route := "-", "-"
		if e.Status != nil {
			status = fmt.Sprint(*e.Status)
		}
		if e.Route != nil {
			route = string(*e.Route)
		}
		model := cmp.Or(deref(e.EffectiveModel), "-")
		_, _ = fmt.Fprintf(w, " %s\t%s\t%s\t%s\t%s %s\n", e.RequestedModel, model, route, e.CredentialSource, status, e.end)
	}
	return w.Flush()
}
