// Command signalbox is one process that owns a user's OpenAI credentials and
// routing: a host spawns it and speaks JSON-RPC 2.0 with it on stdin and stdout.
package main

import (
	"os"

	"github.com/signalbox-dev/signalbox/internal/cli"
)

// The linker sets these in a release (-X main.version=…); commit and date are else
// what the Go tool has recorded.
var (
	version = "0.1.0"
	commit  string
	date    string // of the commit, RFC 3339
)

func main() { os.Exit(cli.Main(cli.Options{Version: version, Commit: commit, Date: date})) }
