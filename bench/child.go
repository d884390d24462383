package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// child is a program under test that stays for all rounds.
type child struct {
	name string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  io.Reader
	buf  []byte
	runs int
	// read sends one request and reads to the end of its stream.
	read func(c *child, model string)
}

// spawn starts a program with pipes.
func spawn(name string, read func(*child, string), env []string, command ...string) *child {
	c := &child{name: name, read: read, buf: make([]byte, 256<<10)}
	c.cmd = exec.Command(command[0], command[1:]...)
	c.cmd.Env = append(os.Environ(), env...)
	c.cmd.Stderr = os.Stderr
	var err error
	c.in, err = c.cmd.StdinPipe()
	check(err)
	c.out, err = c.cmd.StdoutPipe()
	check(err)
	check(c.cmd.Start())
	return c
}

func (c *child) stop() {
	_ = c.in.Close()
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait()
}

func (c *child) send(text string) {
	_, err := io.WriteString(c.in, text)
	check(err)
}

// until reads up to text, which comes in the last bytes of an answer; it returns
// the bytes that were read.
func (c *child) until(text string) (n int) {
	var tail []byte
	for {
		m, err := c.out.Read(c.buf)
		check(err)
		n += m
		tail = append(tail, c.buf[max(0, m-8<<10):m]...)
		tail = tail[max(0, len(tail)-8<<10):]
		if bytes.Contains(tail, []byte(text)) {
			return n
		}
	}
}

// cpu is the processor time of the process so far (clock_getcpuclockid(3)).
func (c *child) cpu() time.Duration {
	var t unix.Timespec
	check(unix.ClockGettime(int32(^c.cmd.Process.Pid<<3|2), &t))
	return time.Duration(t.Nano())
}

// memory returns a line of /proc/PID/status in MB.
func (c *child) memory(line string) float64 {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
	if err != nil { // it has ended
		return 0
	}
	defer func() { _ = f.Close() }()
	for s := bufio.NewScanner(f); s.Scan(); {
		if text, ok := strings.CutPrefix(s.Text(), line+":"); ok {
			kb, err := strconv.ParseFloat(strings.Fields(text)[0], 64)
			check(err)
			return kb / 1024
		}
	}
	return 0
}

// readLines is for programs that answer a line of stdin with "done N".
func readLines(c *child, model string) {
	c.send(model + "\n")
	c.until("done ")
}

func frame(text string) string { return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(text), text) }

// readRPC is for servers that speak as signalbox does.
func readRPC(c *child, model string) {
	c.runs++
	c.send(frame(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"responses/create","params":{"model":%q,"input":"x","stream":true}}`, c.runs, model)))
	c.until(fmt.Sprintf(`"id":%d,"result"`, c.runs))
}

// initialize is the handshake of readRPC's servers.
func (c *child) initialize() {
	c.send(frame(`{"jsonrpc":"2.0","id":0,"method":"initialize","params":{}}`))
	c.until(`"result"`)
}
