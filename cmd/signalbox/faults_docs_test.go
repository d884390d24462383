//go:build unix

package main

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

var faultRow = regexp.MustCompile(`^\| ([A-F]\d+s?) \|`)

// docs/faults.md names a test for each of its rows, all of them exist, and no
// test that is named after a fault is left out. Of C no row is missing.
func TestFaultTable(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "faults.md"))
	require.NoError(t, err)
	functions, rows, named := testFunctions(t), map[string]bool{}, map[string]bool{"TestFaultTable": true}
	for line := range strings.Lines(string(text)) {
		row := faultRow.FindStringSubmatch(line)
		if row == nil {
			continue
		}
		assert.False(t, rows[row[1]], "%s stands twice", row[1])
		rows[row[1]] = true
		cells := strings.Split(strings.TrimSpace(line), " |")
		tests := quotedName.FindAllStringSubmatch(cells[len(cells)-2], -1)
		assert.NotEmpty(t, tests, line)
		for _, test := range tests {
			named[test[1]] = true
			assert.True(t, functions[test[1]], "%s: there is no %s", row[1], test[1])
		}
	}
	for i := range 25 {
		assert.True(t, rows[fmt.Sprint("C", i+1)], "C%d", i+1)
	}
	for i := range 23 {
		assert.True(t, rows[fmt.Sprint("E", i+1)], "E%d", i+1)
	}
	for name := range functions {
		if strings.HasPrefix(name, "TestFault") {
			assert.True(t, named[name], "%s stands in no row", name)
		}
	}
}

// Every test that docs/security.md names exists.
func TestSecurityPromises(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "security.md"))
	require.NoError(t, err)
	functions := testFunctions(t)
	tests := 0
	for _, name := range quotedName.FindAllStringSubmatch(string(text), -1) {
		if strings.HasPrefix(name[1], "Test") || strings.HasPrefix(name[1], "Fuzz") {
			tests++
			assert.True(t, functions[name[1]], "there is no %s", name[1])
		}
	}
	require.NotZero(t, tests)
}
