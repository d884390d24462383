package cli

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// Tree returns the commands of signalbox with their flags, for documents that are
// made from them. It cannot be run.
func Tree() *cobra.Command { return new(program).tree("") }

// setUp sets the switches that cobra has for the whole process: the commands keep the
// order in which they are added, and on Windows it does not list all processes at each
// start, to turn away whoever was started by the desktop.
var setUp = sync.OnceFunc(func() { cobra.EnableCommandSorting, cobra.MousetrapHelpText = false, "" })

// commands are all of them but help, in its order.
func (p *program) commands() []entry {
	return []entry{
		{"serve", p.serveCommand}, {"login", p.loginCommand}, {"status", p.statusCommand}, {"logout", p.logoutCommand},
		{"models", p.modelsCommand}, {"limits", p.limitsCommand}, {"route", p.routeCommand}, {"ask", p.askCommand},
		{"call", p.callCommand}, {"gateway", p.gatewayCommand}, {"validate", p.validateCommand}, {"doctor", p.doctorCommand},
		{"demo", p.demoCommand}, {"schema", p.schemaCommand}, {"completion", p.completionCommand}, {"version", p.versionCommand},
	}
}

// entry is a command that is made when it is needed.
type entry struct {
	name string
	make func() *cobra.Command
}

// tree returns the commands; where first is the name of one, that one alone, because a
// start would wait for the others. Nothing of them is shared with another tree: their
// flags write into p.
func (p *program) tree(first string) *cobra.Command {
	setUp()
	root := &cobra.Command{
		Use:               "signalbox",
		Short:             "answers editors, agents and scripts: JSON-RPC 2.0 that owns your OpenAI login",
		SilenceErrors:     true, // usageError prints them
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	wantsVersion := false
	root.Args = p.checked(func(args []string) error {
		if len(args) > 0 {
			return unknownCommand(root, args)
		}
		return nil
	})
	root.RunE = func(c *cobra.Command, _ []string) error {
		switch {
		case wantsVersion:
			return p.printVersion(false, false)
		case c.Flags().NFlag() == 0 && p.stdin != nil && term.IsTerminal(int(p.stdin.Fd())):
			printUsage(p.stderr, root)
			return exited(exitUsage)
		}
		return p.serve()
	}
	root.Flags().BoolVar(&wantsVersion, "version", false, "print the version")
	p.flags.add(root.PersistentFlags())
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	root.SetHelpFunc(func(c *cobra.Command, _ []string) { printHelp(p.stdout, c) })
	root.SetFlagErrorFunc(p.flagError)
	all := p.commands()
	if at := slices.IndexFunc(all, func(e entry) bool { return e.name == first }); at >= 0 {
		all = all[at : at+1]
	}
	for _, e := range all {
		root.AddCommand(e.make())
	}
	help := p.helpCommand()
	root.SetHelpCommand(help)
	root.AddCommand(help)
	return root
}

// spec is what there is to say of a command.
type spec struct {
	// use is the name and what follows it; short a line of the help.
	use, short string
	// about is what the help of the command says beside its flags; lines of at most
	// 80 columns.
	about string
	// args returns a usage error for wrong arguments; nil: it takes none.
	args func([]string) error
	// words are those that its argument may be, for completion.
	words func() []string
	// run runs it. Its error is a usage error, or exited.
	run func(args []string) error
}

// command returns the command that s describes.
func (p *program) command(s spec) *cobra.Command {
	c := &cobra.Command{
		Use: s.use, Short: s.short, Long: s.about, DisableFlagsInUseLine: true,
		RunE: func(_ *cobra.Command, args []string) error { return s.run(args) },
	}
	if s.args == nil {
		s.args = func(args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("%s takes no argument %q", c.Name(), args[0])
			}
			return nil
		}
	}
	c.Args = p.checked(s.args)
	c.ValidArgsFunction = cobra.NoFileCompletions
	if s.words != nil {
		c.ValidArgsFunction = completeWords(s.words)
	}
	return c
}

// errListed ends a command that has printed a list instead.
var errListed = errors.New("the list was printed")

// checked returns what checks the flags that all commands share, and then the
// arguments of one.
func (p *program) checked(args func([]string) error) cobra.PositionalArgs {
	return func(c *cobra.Command, given []string) error {
		p.drainGiven = c.Flags().Changed("drain-timeout")
		if p.flags.simulate.name == "list" {
			p.listScenarios()
			return errListed
		}
		if err := p.flags.simulateByVariable(p.getenv); err != nil {
			return err
		}
		if err := p.flags.check(); err != nil {
			return err
		}
		return args(given)
	}
}
