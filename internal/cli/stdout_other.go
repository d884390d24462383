//go:build !unix

package cli

import "os"

// openNonblock has no meaning here.
const openNonblock = 0

// privateStdout returns stdout for frames alone: what Go code prints from now on
// goes to stderr.
func privateStdout() (*os.File, error) {
	stdout := os.Stdout
	os.Stdout = os.Stderr
	return stdout, nil
}
