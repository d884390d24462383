package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/testcheck"
)

func TestMain(m *testing.M) { testcheck.Main(m) }

// What `go test -json` says of three packages, and what a person wants to read.
func TestReport(t *testing.T) {
	const in = `{"Action":"start","Package":"github.com/signalbox-dev/signalbox/a"}
{"Action":"run","Package":"github.com/signalbox-dev/signalbox/a","Test":"TestGood"}
{"Action":"output","Package":"github.com/signalbox-dev/signalbox/a","Test":"TestGood","Output":"=== RUN   TestGood\n"}
{"Action":"output","Package":"github.com/signalbox-dev/signalbox/a","Test":"TestGood","Output":"SKIP: there is no fish\n"}
{"Action":"pass","Package":"github.com/signalbox-dev/signalbox/a","Test":"TestGood"}
{"Action":"output","Package":"github.com/signalbox-dev/signalbox/a","Test":"TestSkipped","Output":"    a_test.go:7: root reads everything\n"}
{"Action":"output","Package":"github.com/signalbox-dev/signalbox/a","Test":"TestSkipped","Output":"--- SKIP: TestSkipped (0.00s)\n"}
{"Action":"skip","Package":"github.com/signalbox-dev/signalbox/a","Test":"TestSkipped"}
{"Action":"output","Package":"github.com/signalbox-dev/signalbox/a","Test":"TestMounts","Output":"    a_test.go:9: SKIP: nothing can be mounted\n"}
{"Action":"skip","Package":"github.com/signalbox-dev/signalbox/a","Test":"TestMounts"}
{"Action":"output","Package":"github.com/signalbox-dev/signalbox/a","Output":"PASS\n"}
{"Action":"output","Package":"github.com/signalbox-dev/signalbox/a","Output":"ok  \tgithub.com/signalbox-dev/signalbox/a\t0.1s\n"}
{"Action":"pass","Package":"github.com/signalbox-dev/signalbox/a"}
{"Action":"output","Package":"github.com/signalbox-dev/signalbox/b","Test":"TestBad","Output":"=== RUN   TestBad\n"}
{"Action":"output","Package":"github.com/signalbox-dev/signalbox/b","Test":"TestBad","Output":"    b_test.go:3: not equal\n"}
{"Action":"fail","Package":"github.com/signalbox-dev/signalbox/b","Test":"TestBad"}
{"Action":"output","Package":"github.com/signalbox-dev/signalbox/b","Test":"TestRunning","Output":"panic: oh\n"}
{"Action":"output","Package":"github.com/signalbox-dev/signalbox/b","Output":"FAIL\tgithub.com/signalbox-dev/signalbox/b\t0.1s\n"}
{"Action":"fail","Package":"github.com/signalbox-dev/signalbox/b"}
{"ImportPath":"github.com/signalbox-dev/signalbox/c","Action":"build-output","Output":"c.go:1:1: syntax error\n"}
go: something else
`
	var out bytes.Buffer
	r := &report{out: &out, output: map[string]*bytes.Buffer{}}
	require.NoError(t, r.read(strings.NewReader(in)))
	r.end()
	require.Equal(t, "ok  \tgithub.com/signalbox-dev/signalbox/a\t0.1s\n"+
		"    b_test.go:3: not equal\n"+
		"FAIL\tgithub.com/signalbox-dev/signalbox/b\t0.1s\n"+
		"panic: oh\n"+
		"c.go:1:1: syntax error\n"+
		"go: something else\n"+
		"skipped: a TestGood: there is no fish\n"+
		"skipped: a TestSkipped: root reads everything\n"+
		"skipped: a TestMounts: nothing can be mounted\n"+
		"failed: b TestBad\n"+
		"failed: b TestRunning\n"+
		"failed: b\n", out.String())
}
