package rpc

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/auth"
	"github.com/signalbox-dev/signalbox/protocol"
	"github.com/signalbox-dev/signalbox/rpc/wire"
)

const pingLine = `{"jsonrpc":"2.0","id":1,"method":"ping"}` + "\n"

// leavingHost reads one frame and is gone before the write of it returns.
type leavingHost struct {
	once sync.Once
	left chan struct{}
	got  strings.Builder
}

func (h *leavingHost) Write(p []byte) (int, error) {
	h.got.Write(p)
	h.once.Do(func() { close(h.left) })
	time.Sleep(5 * time.Millisecond) // the hang-up is known before the write is
	return len(p), nil
}

func (h *leavingHost) HangUp(ctx context.Context) error {
	select {
	case <-h.left:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestHostLeavesWithTheLastAnswer(t *testing.T) {
	host := &leavingHost{left: make(chan struct{})}
	server := New(Config{Auth: auth.NewManager(auth.Config{Home: t.TempDir()}), IgnoreParent: true}, strings.NewReader(pingLine), host)
	code, err := server.Serve(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, exitClean, code)
	require.Equal(t, `{"jsonrpc":"2.0","id":1,"result":{}}`+"\n", host.got.String())
}

// What was read before a read failed is answered, and the code is not 0, in the one
// framing as in the other.
func TestFailedReadIsNeverClean(t *testing.T) {
	for framing, text := range map[wire.Framing]string{
		wire.FramingNDJSON: pingLine,
		wire.FramingLSP:    "Content-Length: 44\r\n\r\n" + `{"jsonrpc":"2.0","id":2,"method":"shutdown"}`,
	} {
		var out strings.Builder
		in := io.MultiReader(strings.NewReader(text), brokenReader{})
		server := New(Config{
			Auth: auth.NewManager(auth.Config{Home: t.TempDir()}), IgnoreParent: true, Wire: wire.Options{Framing: framing},
		}, in, &out)
		code, err := server.Serve(t.Context(), nil)
		require.EqualError(t, err, "stdin cannot be read: broken")
		require.Equal(t, exitUnclean, code)
		require.Contains(t, out.String(), `"jsonrpc":"2.0"`)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("broken") }

// The parent's parent is an ancestor, we ourselves and a stranger are not.
func TestIsAncestor(t *testing.T) {
	require.True(t, isAncestor(os.Getppid()))
	if up := parentOf(os.Getppid()); up > 0 {
		require.True(t, isAncestor(up))
	}
	require.False(t, isAncestor(1<<30))
	require.False(t, isAncestor(int(protocol.NoHostProcess)))
}
