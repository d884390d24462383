package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// start: from spawning a process to its first reply.
func (b *bench) start() {
	programs := map[string][]string{"hello": {b.program("hello")}, "signalbox": {b.program("signalbox"), "serve"}}
	if *before != "" {
		programs["before"] = []string{*before, "serve"}
	}
	results := map[string]figures{}
	starts := 30 * *rounds
	for range starts {
		for name, args := range programs {
			if results[name] == nil {
				results[name] = figures{}
			}
			results[name].add("start", float64(startAndPing(args[0], args[1:]...).Nanoseconds()))
		}
	}
	hello, box := results["hello"], results["signalbox"]
	fmt.Printf("\n## Start to the first reply, median of %d starts\n\n", starts)
	fmt.Println("| program | ms | x hello |\n|---|---|---|")
	fmt.Printf("| hello world, in Go | %.2f | |\n| signalbox | %.2f | %.2f |\n",
		median(hello["start"])/1e6, median(box["start"])/1e6, median(box["start"])/median(hello["start"]))
	if old := results["before"]; old != nil {
		fmt.Printf("| before | %.2f | %.2f |\n", median(old["start"])/1e6, median(old["start"])/median(hello["start"]))
	}
}

func startAndPing(name string, args ...string) time.Duration {
	cmd := exec.Command(name, args...)
	cmd.Env = []string{"HOME=" + os.TempDir(), "PATH=" + os.Getenv("PATH")}
	in, err := cmd.StdinPipe()
	check(err)
	out, err := cmd.StdoutPipe()
	check(err)
	begun := time.Now()
	check(cmd.Start())
	_, err = io.WriteString(in, `{"jsonrpc":"2.0","id":1,"method":"ping"}`+"\n")
	check(err)
	_, err = bufio.NewReader(out).ReadString('\n')
	took := time.Since(begun)
	check(err)
	check(in.Close())
	check(cmd.Wait())
	return took
}

// idle: memory after the handshake and a look at who the user is.
func (b *bench) idle() {
	up := newUpstream(false)
	defer up.Close()
	c := b.signalbox(up)
	c.send(frame(`{"jsonrpc":"2.0","id":1,"method":"auth/status"}`))
	c.until(`"id":1,"result"`)
	time.Sleep(time.Second)
	cpu := c.cpu()
	fresh, private := c.memory("VmRSS"), c.memory("RssAnon")
	time.Sleep(3 * time.Second)
	cpu = c.cpu() - cpu
	c.read(c, "burst-50000-pro")
	time.Sleep(3 * time.Second)
	fmt.Printf("\n## Idle\n\n| | resident MB | of that private |\n|---|---|---|\n| after the handshake and auth/status | %.1f | %.1f |\n| 3 s after a burst of 50,000 | %.1f | %.1f |\n\nCPU in 3 s of idleness: %.1f ms\n",
		fresh, private, c.memory("VmRSS"), c.memory("RssAnon"), float64(cpu.Microseconds())/1e3)
}
