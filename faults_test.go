//go:build unix

package signalbox

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// faultTest is the name of a test that is named after a fault.
var faultTest = regexp.MustCompile(`^Test(Fault|[A-G]\d)`)

var faultRow = regexp.MustCompile(`^\| ([A-G]\d+s?) \|`)

// docs/faults.md names a test for each of its rows, all of them exist, and no
// test that is named after a fault is left out. No row is missing.
func TestFaultTable(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("docs", "faults.md"))
	require.NoError(t, err)
	functions, rows, named := testFunctions(t), map[string]bool{}, map[string]bool{"TestFaultTable": true}
	for line := range strings.Lines(string(text)) {
		row := faultRow.FindStringSubmatch(line)
		if row == nil {
			continue
		}
		assert.False(t, rows[row[1]], "%s is there twice", row[1])
		rows[row[1]] = true
		cells := strings.Split(strings.TrimSpace(line), " |")
		tests := quotedName.FindAllStringSubmatch(cells[len(cells)-2], -1)
		if !strings.Contains(line, "(decisions.md#") {
			assert.NotEmpty(t, tests, line)
		}
		for _, test := range tests {
			named[test[1]] = true
			assert.True(t, functions[test[1]], "%s: there is no %s", row[1], test[1])
		}
	}
	for form, n := range map[string]int{"A%d": 34, "B%d": 10, "C%d": 25, "D%d": 14, "E%d": 23, "F%ds": 17} {
		for i := range n {
			name := fmt.Sprintf(form, i+1)
			assert.True(t, rows[name], "%s has no row", name)
		}
	}
	for n := range len(rows) {
		if name := fmt.Sprintf("G%d", n+1); rows[name] {
			assert.True(t, n == 0 || rows[fmt.Sprintf("G%d", n)], "a row is missing before %s", name)
		}
	}
	for name := range functions {
		if faultTest.MatchString(name) {
			assert.True(t, named[name], "%s is in no row", name)
		}
	}
}

// docs/security.md has the eleven promises in order, each with tests, and every
// test that it names exists.
func TestSecurityPromises(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("docs", "security.md"))
	require.NoError(t, err)
	functions, promises := testFunctions(t), 0
	for line := range strings.Lines(string(text)) {
		tests := 0
		for _, quoted := range quotedName.FindAllStringSubmatch(line, -1) {
			if name := quoted[1]; strings.HasPrefix(name, "Test") || strings.HasPrefix(name, "Fuzz") {
				tests++
				assert.True(t, functions[name], "there is no %s", name)
			}
		}
		if row := promiseRow.FindStringSubmatch(line); row != nil {
			promises++
			assert.Equal(t, fmt.Sprint(promises), row[1])
			assert.NotZero(t, tests, line)
		}
	}
	assert.Equal(t, 11, promises)
}

var promiseRow = regexp.MustCompile(`^\| P(\d+) \|`)
