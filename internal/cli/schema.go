package cli

import (
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/signalbox-dev/signalbox/protocol"
)

// schema prints a description of the protocol for a program.
func schema(p *program, args []string) int {
	language := protocol.SchemaLanguages[0]
	_, rest, err := parseFlags("schema", args, p.stdout, func(set *flag.FlagSet) {
		set.Func("lang", "`openrpc`, jsonschema, typescript or python", func(word string) error {
			if !slices.Contains(protocol.SchemaLanguages, word) {
				return fmt.Errorf("it takes %s", strings.Join(protocol.SchemaLanguages, ", "))
			}
			language = word
			return nil
		})
	})
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("schema takes no argument %q", rest[0])
	}
	if err != nil {
		return p.usageError(err)
	}
	_, _ = fmt.Fprint(p.stdout, protocol.Schema(language))
	return exitSuccess
}
