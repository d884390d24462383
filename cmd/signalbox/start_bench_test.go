package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// helloServer is the least that a server on stdin and stdout can do.
const helloServer = `package main

import (
	"bufio"
	"fmt"
	"os"
)

func main() {
	for s := bufio.NewScanner(os.Stdin); s.Scan(); {
		fmt.Println(` + "`" + `{"jsonrpc":"2.0","id":1,"result":{}}` + "`" + `)
	}
}
`

// BenchmarkStart is the time from spawning a process to its first reply, beside
// that of a hello-world server that is built the same way.
func BenchmarkStart(b *testing.B) {
	dir := b.TempDir()
	hello := filepath.Join(dir, "hello.go")
	require.NoError(b, os.WriteFile(hello, []byte(helloServer), 0o600))
	for name, source := range map[string]string{"hello": hello, "signalbox": "."} {
		build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", filepath.Join(dir, name), source)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		out, err := build.CombinedOutput()
		require.NoError(b, err, "%s", out)
	}
	b.Run("hello", func(b *testing.B) { startAndPing(b, filepath.Join(dir, "hello")) })
	b.Run("signalbox", func(b *testing.B) { startAndPing(b, filepath.Join(dir, "signalbox"), "serve") })
}

func startAndPing(b *testing.B, name string, args ...string) {
	for b.Loop() {
		child := exec.Command(name, args...)
		stdin, err := child.StdinPipe()
		require.NoError(b, err)
		stdout, err := child.StdoutPipe()
		require.NoError(b, err)
		require.NoError(b, child.Start())
		_, err = io.WriteString(stdin, `{"jsonrpc":"2.0","id":1,"method":"ping"}`+"\n")
		require.NoError(b, err)
		_, err = bufio.NewReader(stdout).ReadString('\n')
		require.NoError(b, err)
		b.StopTimer()
		require.NoError(b, stdin.Close())
		require.NoError(b, child.Wait())
		b.StartTimer()
	}
}
