// Command bench measures signalbox beside programs that do the same: in one run,
// in interleaved rounds, over real pipes and real HTTP on loopback. `make bench`
// runs it; docs/performance.md has the numbers and says what they mean.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

var (
	rounds  = flag.Int("rounds", 7, "interleaved rounds")
	only    = flag.String("only", "", "run only the parts whose names begin with one of these, comma-separated: burst, size, start, idle, paced, gateway")
	seconds = flag.Int("seconds", 6, "length of a round with 1,000 streams")
	alone   = flag.Bool("alone", false, "only signalbox and the bare reader")
	before  = flag.String("before", "", "another build of signalbox, to measure in the same rounds")
	root    = flag.String("root", "..", "folder of signalbox")
)

func main() {
	flag.Parse()
	dir, err := os.MkdirTemp("", "signalbox-bench")
	check(err)
	b := &bench{dir: dir}
	code := 0
	func() {
		defer func() {
			b.stop()
			_ = os.RemoveAll(dir)
			if p := recover(); p != nil {
				fmt.Fprintln(os.Stderr, "bench:", p)
				code = 1
			}
		}()
		b.run()
	}()
	os.Exit(code)
}

type bench struct {
	dir      string
	children []*child
}

func (b *bench) stop() {
	for _, c := range b.children {
		c.stop()
	}
}

func (b *bench) run() {
	b.build()
	for _, part := range []struct {
		name string
		run  func()
	}{{"burst", b.burst}, {"size", b.size}, {"start", b.start}, {"idle", b.idle}, {"paced", b.paced}, {"gateway", b.gateway}} {
		if wanted(part.name) {
			part.run()
			b.stop()
			b.children = nil
		}
	}
}

func wanted(name string) bool {
	if *only == "" {
		return true
	}
	return slices.Contains(strings.Split(*only, ","), name)
}

// build makes the programs as a release would.
func (b *bench) build() {
	for name, source := range map[string]string{"bare": "./bare", "plain": "./plain", "openaigo": "./openaigo", "hello": "./hello", "proxy": "./proxy", "signalbox": "./cmd/signalbox"} {
		cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", filepath.Join(b.dir, name), source)
		if name == "signalbox" {
			cmd.Dir = *root
		}
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		out, err := cmd.CombinedOutput()
		if err != nil {
			panic(fmt.Sprintf("build %s: %s", name, out))
		}
	}
}

func (b *bench) program(name string) string { return filepath.Join(b.dir, name) }

// signalbox starts the process under test with a key and nothing of the user's.
func (b *bench) signalbox(up *upstream, env ...string) *child {
	return b.serve("signalbox", b.program("signalbox"), up, env)
}

// serve starts a build of signalbox.
func (b *bench) serve(name, program string, up *upstream, env []string) *child {
	home := filepath.Join(b.dir, "home")
	c := spawn(name, readRPC, append([]string{"CODEX_HOME=" + home, "OPENAI_API_KEY=sk-bench-0123456789"}, env...),
		program, "serve", "--platform-base-url="+up.base())
	c.initialize()
	b.children = append(b.children, c)
	return c
}

func (b *bench) bare(up *upstream, env ...string) *child {
	c := spawn("bare", readLines, env, b.program("bare"), up.base())
	b.children = append(b.children, c)
	return c
}

// others are the programs beside the two; those that are not installed are
// missing.
func (b *bench) others(up *upstream) []*child {
	var list []*child
	if *before != "" {
		list = append(list, b.serve("before", *before, up, nil))
	}
	if *alone {
		return list
	}
	others := []*child{
		spawn("plain", readRPC, nil, b.program("plain"), up.base()),
		spawn("openai-go", readLines, nil, b.program("openaigo"), up.base()),
	}
	if _, err := os.Stat("node/node_modules/openai"); err == nil {
		others = append(others, spawn("openai-node", readLines, nil, "node", "node/openai.mjs", up.base()))
	} else {
		fmt.Println("SKIP openai-node: npm ci in bench/node")
	}
	if _, err := os.Stat("node/node_modules/.bin/codex"); err == nil {
		others = append(others, b.codex(up))
	} else {
		fmt.Println("SKIP codex app-server: npm ci in bench/node")
	}
	b.children = append(b.children, others...)
	return append(list, others...)
}

// figures of one program in all rounds.
type figures map[string][]float64

func (f figures) add(name string, value float64) { f[name] = append(f[name], value) }

// measure runs one request and notes its time and processor time, for each of
// units.
func (f figures) measure(c *child, model string, units float64) {
	cpu, begun := c.cpu(), time.Now()
	c.read(c, model)
	f.add("wall", float64(time.Since(begun).Nanoseconds())/units)
	f.add("cpu", float64((c.cpu()-cpu).Nanoseconds())/units)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	if len(sorted) == 0 {
		return 0
	}
	return (sorted[len(sorted)/2] + sorted[(len(sorted)-1)/2]) / 2
}

// ratio is the median over the rounds of this program's value to another's in
// the same round.
func (f figures) ratio(name string, of figures, other string) float64 {
	var all []float64
	for i, value := range f[name] {
		if i < len(of[other]) {
			all = append(all, value/of[other][i])
		}
	}
	return median(all)
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
