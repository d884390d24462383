// Package signalbox has no code of its own; its test keeps the arrows between
// the packages as docs/architecture.md draws them.
package signalbox

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/signalbox-dev/signalbox/"

// arrows says what the code of a package, tests aside, may import beside the
// standard library.
var arrows = map[string][]string{
	"cmd/signalbox":             {"internal/cli"},
	"internal/cli":              {"auth", "auth/issuer", "engine", "gateway", "internal/mask", "internal/nearest", "internal/pipe", "internal/process", "internal/rawjson", "internal/simulator", "internal/terminal", "internal/trace", "internal/transport", "protocol", "rpc", "rpc/wire", "github.com/spf13/cobra", "github.com/spf13/pflag", "golang.org/x/term"},
	"packaging/man":             {"internal/cli", "github.com/spf13/cobra", "github.com/spf13/cobra/doc"},
	"packaging/release":         {},
	"rpc":                       {"auth", "engine", "internal/mask", "internal/nearest", "internal/params", "protocol", "rpc/wire", "golang.org/x/sys/unix"},
	"rpc/wire":                  {"internal/rawjson", "github.com/sourcegraph/jsonrpc2"},
	"auth":                      {"auth/issuer", "auth/store", "internal/baseurl", "internal/flight", "internal/lazyregexp", "internal/mask", "internal/process", "internal/rawjson", "internal/transport", "protocol"},
	"auth/issuer":               {"internal/baseurl", "internal/httpx", "internal/lazyregexp", "internal/rawjson", "internal/transport", "protocol"},
	"engine/memory":             {"internal/rawjson"},
	"engine":                    {"auth", "engine/memory", "internal/flight", "internal/httpx", "internal/lazyregexp", "internal/mask", "internal/output", "internal/params", "internal/rawjson", "internal/sse", "internal/transport", "protocol"},
	"auth/store":                {"internal/lazyregexp", "internal/rawjson", "protocol"},
	"protocol":                  {},
	"gateway":                   {"engine", "internal/mask", "internal/rawjson", "protocol"},
	"internal/baseurl":          {"internal/lazyregexp", "protocol"},
	"internal/flight":           {},
	"internal/httpx":            {},
	"internal/lazyregexp":       {},
	"internal/mask":             {"internal/lazyregexp", "internal/rawjson", "protocol"},
	"internal/nearest":          {},
	"internal/output":           {"internal/rawjson"},
	"internal/params":           {"internal/rawjson", "protocol"},
	"internal/pipe":             {"golang.org/x/sys/unix"},
	"internal/process":          {"golang.org/x/sys/unix"},
	"internal/rawjson":          {},
	"internal/simulator":        {"github.com/tmaxmax/go-sse"},
	"internal/sse":              {},
	"internal/terminal":         {},
	"internal/testcheck":        {},
	"internal/testcheck/report": {},
	"internal/trace":            {},
	"internal/transport":        {"internal/baseurl", "protocol"},
	"internal/transcript":       {"github.com/rogpeppe/go-internal/txtar"},
}

// doors names the only file of a package that may import a dependency.
var doors = map[string]string{
	"github.com/BurntSushi/toml":    "auth/store/layer.go",
	"github.com/godbus/dbus/v5":     "auth/store/keyring_secretservice.go",
	"github.com/golang-jwt/jwt/v5":  "auth/issuer/claims.go",
	"github.com/zalando/go-keyring": "auth/store/keyring_native.go",
	"github.com/gofrs/flock":        "auth/store/lock.go",
	"rsc.io/qr":                     "internal/cli/qr.go",
}

func TestArrows(t *testing.T) {
	seen := map[string]bool{}
	forEachFile(t, func(path string, file *ast.File) {
		dir := filepath.ToSlash(filepath.Dir(path))
		allowed, known := arrows[dir]
		require.True(t, known, "%s is in a folder that the table does not have", path)
		seen[dir] = true
		for _, spec := range file.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err)
			short := strings.TrimPrefix(name, module)
			isStandard := !strings.Contains(strings.Split(name, "/")[0], ".")
			isDoor := doors[name] == filepath.ToSlash(path)
			require.True(t, isStandard || isDoor || slices.Contains(allowed, short), "%s imports %s", path, name)
		}
	})
	require.Len(t, seen, len(arrows))
}

// TestArchitecture checks that docs/architecture.md and CONTRIBUTING.md name every
// package, and the first only files that exist.
func TestArchitecture(t *testing.T) {
	page, contributing := read(t, "docs/architecture.md"), read(t, "CONTRIBUTING.md")
	rooms := page[strings.Index(page, "## Rooms"):strings.Index(page, "## Arrows")]
	for dir := range arrows {
		name := dir + "/"
		if parent := filepath.Dir(dir); arrows[parent] != nil {
			name = "\n  " + filepath.Base(dir) + "/" // below its parent
		}
		require.True(t, strings.Contains(rooms, name), "docs/architecture.md does not name %s", dir)
		require.True(t, strings.Contains(contributing, "`"+dir+"`"), "CONTRIBUTING.md does not name %s", dir)
	}
	for _, match := range regexp.MustCompile("`([a-z_/0-9]+\\.go)`").FindAllStringSubmatch(page, -1) {
		require.FileExists(t, match[1])
	}
}

// TestRevealHasFewCallers keeps the ways out of a Secret closed.
func TestRevealHasFewCallers(t *testing.T) {
	callers := map[string]int{}
	forEachFile(t, func(path string, file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if sel, ok := call.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "Reveal" {
					callers[filepath.ToSlash(path)]++
				}
			}
			return true
		})
	})
	rooms := map[string]bool{}
	for path := range callers {
		rooms[filepath.ToSlash(filepath.Dir(path))] = true
	}
	require.Equal(t, map[string]bool{"auth": true, "auth/issuer": true, "auth/store": true, "internal/mask": true}, rooms, "these rooms alone look into a Secret")
}

// forEachFile parses the Go files of the module, tests aside.
func forEachFile(t *testing.T, visit func(path string, file *ast.File)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && path != "." {
			// bench is a module of its own.
			_, err := os.Stat(filepath.Join(path, "go.mod"))
			if err == nil || strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules" {
				return filepath.SkipDir
			}
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		visit(path, file)
		return nil
	})
	require.NoError(t, err)
}
