//go:build unix

package e2e

import (
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/signalbox-dev/signalbox/internal/cli"
	"github.com/signalbox-dev/signalbox/internal/testcheck"
)

// mainVariable makes this test binary the program itself, so that the tests
// speak with the real binary, built with the same flags (-race too).
const mainVariable = "SIGNALBOX_TEST_MAIN"

// dumpableVariable leaves the process open to a test that looks at its descriptors and
// is not run by root.
const dumpableVariable = "SIGNALBOX_TEST_DUMPABLE"

// asMain is what the environment of such a process has at least. A binary built
// with -race would else sleep for a second at its end. Whatever a test forgets to
// redirect ends at the proxy and not at OpenAI.
var asMain = []string{mainVariable + "=1", "GORACE=atexit_sleep_ms=0", "HTTPS_PROXY=http://127.0.0.1:1", "https_proxy=http://127.0.0.1:1"}

func TestMain(m *testing.M) {
	if mode := os.Getenv(neighbourVariable); mode != "" {
		setSharedPipes(mode)
		os.Exit(0)
	}
	if os.Getenv(mainVariable) == "1" {
		code := cli.Main(cli.Options{Version: "0.1.0", Transport: faultTransport, Dumpable: os.Getenv(dumpableVariable) == "1"})
		if testing.CoverMode() != "" {
			syscall.Exit(code) // os.Exit would have a word about coverage for stderr
		}
		os.Exit(code)
	}
	// Most of these tests wait for a process, and do not need a CPU of their own.
	flag.Parse()
	parallel := "12"
	if slowBinary {
		parallel = "6"
	}
	_ = flag.Set("test.parallel", parallel)
	testcheck.Main(m)
}

// less reports whether what takes much work is done with less of it: with a binary
// that is many times slower, and with -short.
func less() bool { return slowBinary || testing.Short() }

// Faults that a request asks for with its header traceparent.
const (
	faultPanic      = "fault-panic"       // the body panics after some events
	faultPanicEarly = "fault-panic-early" // the transport panics before anything is sent
	faultPrint      = "fault-print"       // something prints to file descriptor 1
)

// printed is what faultPrint prints.
const printed = `{"jsonrpc":"2.0","id":1,"result":"printed to stdout"}`

// isOwnHost reports whether a credential may be on its way to a host: OpenAI's, or
// one in its place in a test, by an address, as localhost, or by a name that
// cannot exist.
func isOwnHost(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if net.ParseIP(host) != nil || host == "localhost" || host == "chatgpt.com" {
		return true
	}
	for _, domain := range []string{".chatgpt.com", ".openai.com", ".localhost", ".invalid"} {
		if strings.HasSuffix(host, domain) {
			return true
		}
	}
	return false
}

// faultTransport wraps the transport of model calls.
func faultTransport(next http.RoundTripper) http.RoundTripper { return faults{next} }

type faults struct{ next http.RoundTripper }

func (f faults) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Header.Get("Authorization") != "" && !isOwnHost(r.URL.Hostname()) {
		panic("a credential is on its way to " + r.URL.Hostname())
	}
	wanted := ""
	for name, values := range r.Header { // which need not stand under its canonical name
		if strings.EqualFold(name, "traceparent") {
			wanted = values[0]
		}
	}
	switch wanted {
	case faultPanicEarly:
		panic("early " + r.Header.Get("Authorization"))
	case faultPrint:
		fmt.Println(printed)
		_, _ = syscall.Write(1, []byte(printed+"\n"))
	}
	resp, err := f.next.RoundTrip(r)
	if err == nil && wanted == faultPanic {
		resp.Body = &panickingBody{ReadCloser: resp.Body, left: 4 << 10, secret: r.Header.Get("Authorization")}
	}
	return resp, err
}

// panickingBody panics after left bytes, with a secret in the value of the
// panic.
type panickingBody struct {
	io.ReadCloser
	left   int
	secret string
}

func (b *panickingBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		panic("mid-stream " + b.secret)
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
