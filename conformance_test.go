//go:build unix

package signalbox

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	testFunction = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	quotedName   = regexp.MustCompile("`([^`]+)`")
)

// testFunctions returns the names of all tests of the module.
func testFunctions(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	forEachTestFile(t, func(text []byte) {
		for _, match := range testFunction.FindAllSubmatch(text, -1) {
			names[string(match[1])] = true
		}
	})
	return names
}

// forEachTestFile reads the files of tests in Go.
func forEachTestFile(t *testing.T, visit func(text []byte)) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		visit(text)
		return err
	}))
}

// docs/conformance.md has all 98 rules in order, each with a test or a
// transcript that exists, and leaves out no transcript.
func TestConformanceTable(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("docs", "conformance.md"))
	require.NoError(t, err)
	functions, named, number := testFunctions(t), map[string]bool{}, 0
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.TrimSpace(line), " |")
		n, err := strconv.Atoi(strings.TrimPrefix(cells[0], "| "))
		if err != nil {
			continue // prose, or the head of the table
		}
		number++
		require.Equal(t, number, n)
		require.Len(t, cells, 5, line)
		tests := quotedName.FindAllStringSubmatch(cells[3], -1)
		if strings.Contains(cells[2], "not served yet") {
			assert.Empty(t, tests, line)
			continue
		}
		assert.NotEmpty(t, tests, line)
		for _, test := range tests {
			name := test[1]
			named[name] = true
			if strings.HasPrefix(name, "Test") || strings.HasPrefix(name, "Fuzz") {
				assert.True(t, functions[name], "there is no %s", name)
			} else {
				assert.FileExists(t, filepath.Join("testdata", "conformance", name+".txtar"))
			}
		}
	}
	assert.Equal(t, 98, number)
	for _, pattern := range []string{"*.txtar", "*/*.txtar"} {
		files, err := filepath.Glob(filepath.Join("testdata", "conformance", pattern))
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, file := range files {
			name, err := filepath.Rel(filepath.Join("testdata", "conformance"), strings.TrimSuffix(file, ".txtar"))
			require.NoError(t, err)
			assert.True(t, named[filepath.ToSlash(name)], "%s is not in the table", name)
		}
	}
}
