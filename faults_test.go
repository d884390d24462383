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

// faultRow begins a row of docs/faults.md; faultComment is the line of a test's
// comment that names the rows.
var (
	faultRow     = regexp.MustCompile(`^\| ([A-GU]\d+s?) \|`)
	faultComment = regexp.MustCompile(`(?m)^// Faults: (.*)\.\n(?://.*\n)*func ((?:Test|Fuzz)\w+)\(`)
)

// docs/faults.md names a test for each of its rows, and the comment of each of
// these tests names the same rows. No row is missing.
func TestFaultTable(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("docs", "faults.md"))
	require.NoError(t, err)
	rows, named := map[string]bool{}, map[string][]string{}
	for line := range strings.Lines(string(text)) {
		row := faultRow.FindStringSubmatch(line)
		if row == nil {
			continue
		}
		assert.False(t, rows[row[1]], "%s occurs twice", row[1])
		rows[row[1]] = true
		cells := strings.Split(strings.TrimSpace(line), " |")
		tests := quotedName.FindAllStringSubmatch(cells[len(cells)-2], -1)
		if !strings.Contains(line, "(decisions.md#") {
			assert.NotEmpty(t, tests, line)
		}
		for _, test := range tests {
			named[test[1]] = append(named[test[1]], row[1])
		}
	}
	for form, n := range map[string]int{"A%d": 34, "B%d": 10, "C%d": 25, "D%d": 14, "E%d": 23, "F%ds": 17} {
		for i := range n {
			name := fmt.Sprintf(form, i+1)
			assert.True(t, rows[name], "%s has no row", name)
		}
	}
	for n := range len(rows) {
		for _, letter := range []string{"G", "U"} {
			if name := fmt.Sprintf("%s%d", letter, n+1); rows[name] {
				assert.True(t, n == 0 || rows[fmt.Sprintf("%s%d", letter, n)], "a row is missing before %s", name)
			}
		}
	}
	commented := map[string][]string{}
	forEachTestFile(t, func(text []byte) {
		for _, match := range faultComment.FindAllSubmatch(text, -1) {
			commented[string(match[2])] = strings.Split(string(match[1]), ", ")
		}
	})
	assert.Equal(t, named, commented, "the tests in docs/faults.md, and the rows in the comments of the tests (// Faults: …)")
}

// docs/security.md has the twelve promises in order, each with tests, and every
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
	assert.Equal(t, 12, promises)
}

var promiseRow = regexp.MustCompile(`^\| P(\d+) \|`)
