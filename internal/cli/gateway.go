package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/signalbox-dev/signalbox/auth"
	"github.com/signalbox-dev/signalbox/gateway"
	"github.com/signalbox-dev/signalbox/protocol"
)

// gatewayFlags are the flags of gateway beside the common ones.
type gatewayFlags struct {
	listen, tokenFile, print string
	route                    protocol.RouteChoice
	onUnsupported            protocol.UnsupportedPolicy
	newToken                 bool
}

func (p *program) gatewayCommand() *cobra.Command {
	g := gatewayFlags{onUnsupported: protocol.UnsupportedDrop}
	c := p.command(spec{
		use: "gateway", short: "the Responses API over HTTP on loopback, for other programs",
		about: `
Prints one line when it is ready; its token is in a file that it names. To see
what a program needs: docs/gateway.md, or

  signalbox gateway --print curl
`,
		run: func([]string) error { return p.gateway(&g) },
	})
	set := c.Flags()
	set.StringVar(&g.listen, "listen", gateway.DefaultListen, "127.0.0.1:PORT or unix:PATH: `ADDRESS` to listen on")
	set.StringVar(&g.tokenFile, "token-file", "", "keep the token in `FILE` (default in CODEX_HOME)")
	set.BoolVar(&g.newToken, "new-token", false, "make the token anew")
	set.StringVar(&g.print, "print", "", "print the settings of the program `HOST`, and end")
	set.Var(choose(&g.route, map[string]protocol.RouteChoice{"auto": "auto", "chatgpt": "chatgpt", "platform": "platform"}), "route", "`auto`, chatgpt or platform: of models that are not pinned")
	set.Var(choose(&g.onUnsupported, map[string]protocol.UnsupportedPolicy{"drop": protocol.UnsupportedDrop, "refuse": protocol.UnsupportedRefuse}), "on-unsupported", "`drop` or refuse parameters that the route does not take")
	return c
}

// gateway answers programs that speak HTTP.
func (p *program) gateway(g *gatewayFlags) error {
	place, err := gateway.ParsePlace(g.listen)
	if err != nil {
		return err
	}
	if _, known := gateway.Settings(g.print, place, ""); g.print != "" && !known {
		return fmt.Errorf("--print takes %s", oneOf(gateway.Hosts()))
	}
	if g.tokenFile == "" { // also with --simulate: programs keep what they were told
		home, err := auth.Home(p.getenv)
		if err != nil {
			return p.fails(err)
		}
		g.tokenFile = filepath.Join(home, gateway.TokenName)
	}
	if g.tokenFile, err = filepath.Abs(g.tokenFile); err != nil {
		return p.fails(err)
	}
	token, err := gateway.Token(g.tokenFile, g.newToken)
	if err != nil {
		return p.fails(err)
	}
	p.mask.Add(protocol.NewSecret(string(token)))
	if g.print != "" {
		text, _ := gateway.Settings(g.print, place, g.tokenFile)
		_, _ = io.WriteString(p.stdout, text)
		return nil
	}
	parts, err := p.assemble()
	if err != nil {
		return err
	}
	defer parts.close()
	p.saySimulated()
	listener, inherited, err := gateway.Inherited(p.getenv)
	switch {
	case err != nil:
		return p.fails(err)
	case listener != nil:
		place = *inherited
	default:
		if listener, err = place.Listen(); err != nil {
			return p.fails(err)
		}
	}
	server := gateway.New(gateway.Config{
		Engine: parts.host.Engine, Mask: p.mask, Token: token, Route: g.route, OnUnsupported: g.onUnsupported,
		Scenarios: parts.host.Scenarios, Drain: p.gatewayDrain(), Logger: parts.host.Logger,
	})
	ready, _ := json.Marshal(map[string]string{"base_url": place.BaseURL, "token_file": g.tokenFile}) // strings
	if place.Socket != "" {
		ready, _ = json.Marshal(map[string]string{"base_url": place.BaseURL, "token_file": g.tokenFile, "socket": place.Socket})
	}
	_, _ = fmt.Fprintf(p.stdout, "%s\n", ready)

	stop, stopped := context.WithCancel(context.Background())
	now, hurried := context.WithCancel(context.Background())
	defer stopped()
	defer hurried()
	go func() {
		<-p.signals
		stopped()
		<-p.signals
		hurried()
	}()
	drained, err := server.Serve(listener, stop, now)
	ctx, cancel := context.WithTimeout(context.Background(), gateway.DefaultDrain)
	defer cancel()
	parts.host.Auth.Drain(ctx) // new tokens are saved
	switch {
	case err != nil:
		return p.fails(err)
	case !drained:
		return exited(exitDrain)
	}
	return nil
}

// gatewayDrain returns --drain-timeout where it was given; a gateway's own default is
// shorter than that of the pipe.
func (p *program) gatewayDrain() (drain time.Duration) {
	if p.drainGiven {
		return p.flags.drainTimeout
	}
	return gateway.DefaultDrain
}

// fails prints an error that is no usage error, and returns exited.
func (p *program) fails(err error) error {
	_, _ = fmt.Fprintf(p.stderr, "signalbox: %s.\n", strings.TrimSuffix(err.Error(), "."))
	return exited(exitFailure)
}
