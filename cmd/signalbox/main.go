// Command signalbox is one process that owns a user's OpenAI credentials and
// routing: a host spawns it and speaks JSON-RPC 2.0 with it on stdin and stdout.
package main

import (
	"os"

	"github.com/signalbox-dev/signalbox/internal/cli"
)

// version of signalbox; the linker sets it in a release (-X main.version=…).
var version = "0.1.0"

func main() { os.Exit(cli.Main(cli.Options{Version: version})) }
