// Package lazyregexp compiles regular expressions at their first use: those of
// the tree would take half of the time that a process needs to start.
package lazyregexp

import (
	"regexp"
	"sync"
)

// New returns a function that returns the compiled expression. The function is
// safe for concurrent use and panics if expr is not a regular expression.
func New(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}
