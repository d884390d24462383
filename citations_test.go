package signalbox

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	// A citation is docs/NAME.md, docs/NAME.md: Heading or docs/decisions.md N.
	citation       = regexp.MustCompile(`docs/([\w-]+)\.md(: | \d+)?`)
	commentBreak   = regexp.MustCompile(`\n\s*(//|#|--|;+|\*)?\s*`)
	noSuchPaper    = regexp.MustCompile(`(?i)\bcontract[ ,]+\d`)
	pageHeading    = regexp.MustCompile(`(?m)^#+ (.+)$`)
	decisionNumber = regexp.MustCompile(`^(\d+)\. `)
	decisionIndex  = regexp.MustCompile(`\[(\d+)\]\(#(\d+)-`)
)

// TestCitations checks that every page, heading and decision that code and
// documents cite exists.
func TestCitations(t *testing.T) {
	t.Parallel()
	headings := map[string][]string{}
	pages, err := filepath.Glob("docs/*.md")
	require.NoError(t, err)
	for _, page := range pages {
		name := strings.TrimSuffix(filepath.Base(page), ".md")
		for _, match := range pageHeading.FindAllStringSubmatch(withoutCode(read(t, page)), -1) {
			headings[name] = append(headings[name], match[1])
		}
	}
	cited := 0
	forEachText(t, func(path, text string) {
		assert.Empty(t, noSuchPaper.FindString(text), "%s cites a paper that the repository does not have", path)
		text = commentBreak.ReplaceAllString(text, " ")
		for _, at := range citation.FindAllStringSubmatchIndex(text, -1) {
			whole, name, rest := text[at[0]:at[1]], text[at[2]:at[3]], text[at[1]:]
			cited++
			if !assert.Contains(t, headings, name, "%s cites %s", path, whole) || at[4] < 0 {
				continue
			}
			if kind := text[at[4]:at[5]]; kind != ": " {
				assert.Equal(t, "decisions", name, "%s cites %s: only decisions have numbers", path, whole)
				number := strings.TrimSpace(kind) + ". "
				assert.True(t, slices.ContainsFunc(headings[name], func(h string) bool { return strings.HasPrefix(h, number) }),
					"%s cites %s, which does not exist", path, whole)
				continue
			}
			assert.True(t, slices.ContainsFunc(headings[name], func(h string) bool { return beginsWith(rest, h) }),
				"%s cites %s%.40s, which is no heading", path, whole, rest)
		}
	})
	require.Greater(t, cited, 100)
}

// TestDecisionsAreNumbered checks that the decisions are numbered in their order
// and that the index lists each of them once.
func TestDecisionsAreNumbered(t *testing.T) {
	t.Parallel()
	text := read(t, "docs/decisions.md")
	var numbers, index []int
	for _, match := range pageHeading.FindAllStringSubmatch(text, -1)[1:] {
		number := decisionNumber.FindStringSubmatch(match[1])
		require.NotNil(t, number, "%q has no number", match[1])
		n, err := strconv.Atoi(number[1])
		require.NoError(t, err)
		numbers = append(numbers, n)
		require.Equal(t, len(numbers), n, "%q", match[1])
	}
	for _, match := range decisionIndex.FindAllStringSubmatch(text, -1) {
		require.Equal(t, match[1], match[2])
		n, err := strconv.Atoi(match[1])
		require.NoError(t, err)
		index = append(index, n)
	}
	slices.Sort(index)
	require.Equal(t, numbers, index, "the index lists each decision once")
}

// beginsWith reports whether a text begins with a heading as whole words.
func beginsWith(text, heading string) bool {
	rest, found := strings.CutPrefix(text, heading)
	return found && (rest == "" || !regexp.MustCompile(`^\w`).MatchString(rest))
}

// forEachText reads the code and the documents of the repository.
func forEachText(t *testing.T, visit func(path, text string)) {
	t.Helper()
	kinds := []string{".go", ".py", ".js", ".mjs", ".ts", ".lua", ".el", ".md", ".sh", ".txtar"}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name := entry.Name(); path != "." && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "__pycache__") {
				return filepath.SkipDir
			}
			return nil
		}
		if !slices.Contains(kinds, filepath.Ext(path)) || path == "citations_test.go" || !entry.Type().IsRegular() {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		visit(filepath.ToSlash(path), string(text))
		return nil
	})
	require.NoError(t, err)
}
