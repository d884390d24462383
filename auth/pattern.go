package auth

import (
	"regexp"
	"sync"
)

// lazy compiles a regular expression at its first use: those of this package
// would take half of the time that a process needs to start.
func lazy(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}
