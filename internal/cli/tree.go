package cli

import (
	"errors"
	"fmt"
	"sync"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// Tree returns the commands of signalbox with their flags, for documents that are
// made from them. It cannot be run.
func Tree() *cobra.Command { return new(program).tree() }

// inOrder keeps the commands in the order in which they are added: it is one switch for
// the whole process.
var inOrder = sync.OnceFunc(func() { cobra.EnableCommandSorting = false })

// tree returns the commands. Nothing of them is shared with another tree: their flags
// write into p.
func (p *program) tree() *cobra.Command {
	inOrder()
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
	help := p.helpCommand()
	root.SetHelpCommand(help)
	root.AddCommand(
		p.serveCommand(), p.loginCommand(), p.statusCommand(), p.logoutCommand(), p.modelsCommand(), p.limitsCommand(), p.routeCommand(), p.askCommand(), p.callCommand(), p.gatewayCommand(),
		p.validateCommand(), p.doctorCommand(), p.demoCommand(), p.schemaCommand(), p.completionCommand(), p.versionCommand(), help,
	)
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
			listScenarios(p.stdout)
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
