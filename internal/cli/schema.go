package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/signalbox-dev/signalbox/protocol"
)

func (p *program) schemaCommand() *cobra.Command {
	language, languages := protocol.SchemaLanguages[0], map[string]string{}
	for _, name := range protocol.SchemaLanguages {
		languages[name] = name
	}
	c := p.command(spec{
		use: "schema", short: "describe the protocol: openrpc, jsonschema, typescript, python",
		about: "\nTypes and documents for a program, made from the tables of this very binary.\n",
		run: func([]string) error {
			_, _ = fmt.Fprint(p.stdout, protocol.Schema(language))
			return nil
		},
	})
	c.Flags().Var(choose(&language, languages), "lang", "`openrpc`, jsonschema, typescript or python")
	return c
}
