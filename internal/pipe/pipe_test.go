//go:build unix

package pipe

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// childEnv makes the test binary another process that has a pipe of ours.
const childEnv = "SIGNALBOX_PIPE_CHILD"

// child makes file descriptor 3 non-blocking or blocking, as the lines of its stdin
// say, and answers each when it is done.
func child() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		if err := syscall.SetNonblock(3, lines.Text() == "nonblock"); err != nil {
			panic(err)
		}
		fmt.Println("done")
	}
}

// neighbour is a second process that shares a pipe.
type neighbour struct {
	t   *testing.T
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func share(t *testing.T, file *os.File) *neighbour {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"=1")
	cmd.ExtraFiles = []*os.File{file}
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	n := &neighbour{t, cmd, in, bufio.NewReader(out)}
	t.Cleanup(n.leave)
	return n
}

// leave ends the other process, which then has the pipe no more.
func (n *neighbour) leave() {
	_ = n.in.Close()
	_ = n.cmd.Wait()
}

// set makes the shared pipe "nonblock" or "block", from the other process.
func (n *neighbour) set(mode string) {
	_, err := fmt.Fprintln(n.in, mode)
	require.NoError(n.t, err)
	_, err = n.out.ReadString('\n')
	require.NoError(n.t, err)
}

// blockingPair returns the two ends of a pipe as a process inherits them: blocking, and
// unknown to the runtime's poller. With sockets it is a pair of those, as Node makes.
func blockingPair(t *testing.T, sockets bool) (read, write *os.File) {
	t.Helper()
	fds := make([]int, 2)
	if sockets {
		pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
		require.NoError(t, err)
		copy(fds, pair[:])
	} else {
		require.NoError(t, syscall.Pipe(fds))
	}
	for _, fd := range fds {
		syscall.CloseOnExec(fd)
	}
	read, write = os.NewFile(uintptr(fds[0]), "read"), os.NewFile(uintptr(fds[1]), "write")
	t.Cleanup(func() { _, _ = read.Close(), write.Close() })
	return read, write
}

func isNonblocking(t *testing.T, file *os.File) bool {
	t.Helper()
	flags, err := unix.FcntlInt(file.Fd(), unix.F_GETFL, 0)
	require.NoError(t, err)
	return flags&unix.O_NONBLOCK != 0
}

// Faults: G2.
func TestReadGoesOnWhenAnotherProcessMakesThePipeNonblocking(t *testing.T) {
	for _, sockets := range []bool{false, true} {
		t.Run(fmt.Sprintf("sockets=%t", sockets), func(t *testing.T) {
			read, write := blockingPair(t, sockets)
			other := share(t, read)
			got := make(chan string)
			go func() {
				defer close(got)
				buf := make([]byte, 16)
				in := New(read)
				for {
					n, err := in.Read(buf)
					if err != nil {
						assert.Equal(t, io.EOF, err)
						return
					}
					got <- string(buf[:n])
				}
			}()
			for i, mode := range []string{"block", "nonblock", "nonblock", "block", "nonblock"} {
				other.set(mode)
				text := fmt.Sprint("message ", i)
				_, err := io.WriteString(write, text)
				require.NoError(t, err)
				require.Equal(t, text, <-got)
				require.Equal(t, mode == "nonblock", isNonblocking(t, read), "the flags are left alone")
			}
			require.NoError(t, write.Close())
			_, open := <-got
			require.False(t, open, "the end is the end")
		})
	}
}

// Faults: G2.
func TestWriteGoesOnWhenAnotherProcessMakesThePipeNonblocking(t *testing.T) {
	for _, sockets := range []bool{false, true} {
		t.Run(fmt.Sprintf("sockets=%t", sockets), func(t *testing.T) {
			read, write := blockingPair(t, sockets)
			other := share(t, write)
			// Larger than any pipe, so that a write that does not wait is cut short.
			sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
			wrote := make(chan error, 1)
			go func() {
				out := New(write)
				for part := range 4 { // each write in many parts
					size := len(sent) / 4
					if n, err := out.Write(sent[part*size : (part+1)*size]); err != nil || n != size {
						wrote <- fmt.Errorf("wrote %d: %v", n, err)
						return
					}
				}
				wrote <- write.Close()
			}()
			received := make([]byte, 0, len(sent))
			buf := make([]byte, 3000) // a slow reader, in odd pieces
			for i := 0; ; i++ {
				switch i {
				case 2:
					other.set("nonblock")
				case 100:
					other.set("block")
				case 110:
					other.set("nonblock")
					other.leave()
				}
				n, err := read.Read(buf)
				received = append(received, buf[:n]...)
				if err == io.EOF {
					break
				}
				require.NoError(t, err)
			}
			require.NoError(t, <-wrote)
			require.True(t, bytes.Equal(sent, received), "nothing is lost or doubled: %d of %d bytes", len(received), len(sent))
		})
	}
}

// Faults: G3.
func TestWriteFindsOutThatTheReaderIsGone(t *testing.T) {
	read, write := blockingPair(t, false)
	require.NoError(t, syscall.SetNonblock(int(write.Fd()), true))
	wrote := make(chan error, 1)
	go func() {
		_, err := New(write).Write(make([]byte, 1<<20))
		wrote <- err
	}()
	_, err := io.ReadFull(read, make([]byte, 100)) // it has begun, and waits for room
	require.NoError(t, err)
	require.NoError(t, read.Close())
	require.ErrorIs(t, <-wrote, syscall.EPIPE)
}

// Faults: G3.
func TestHangUpIsNoticedWithoutAWrite(t *testing.T) {
	for _, sockets := range []bool{false, true} {
		read, write := blockingPair(t, sockets)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		require.ErrorIs(t, New(write).HangUp(ctx), context.DeadlineExceeded, "while there is a reader")
		cancel()
		gone := make(chan error, 1)
		go func() { gone <- New(write).HangUp(t.Context()) }()
		require.NoError(t, read.Close())
		select {
		case err := <-gone:
			require.NoError(t, err)
		case <-time.After(time.Second):
			t.Fatal("the hang-up was not noticed within a second")
		}
	}
}

// A socket for both directions, as sshd has it: that the other end has ended our input
// is not its hang-up.
func TestEndOfInputIsNoHangUp(t *testing.T) {
	ours, theirs := blockingPair(t, true)
	require.NoError(t, syscall.Shutdown(int(theirs.Fd()), syscall.SHUT_WR))
	n, err := New(ours).Read(make([]byte, 1))
	require.Zero(t, n)
	require.Equal(t, io.EOF, err)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, New(ours).HangUp(ctx), context.DeadlineExceeded)
	require.NoError(t, theirs.Close())
	require.NoError(t, New(ours).HangUp(t.Context()))
}

// A full pipe whose reader is slow has not hung up; a file never does.
//
// Faults: G3.
func TestHangUpIsNotSilence(t *testing.T) {
	_, write := blockingPair(t, false)
	require.NoError(t, syscall.SetNonblock(int(write.Fd()), true))
	_, err := write.Write(make([]byte, 1<<20))
	require.ErrorIs(t, err, syscall.EAGAIN)
	file, err := os.Create(t.TempDir() + "/file")
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	for _, f := range []*os.File{write, file} {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		require.ErrorIs(t, New(f).HangUp(ctx), context.DeadlineExceeded)
		cancel()
	}
}
