//go:build !unix

package cli

import "os"

// openNonblock means nothing here.
const openNonblock = 0

// privateStdout takes stdout for frames alone: Go code that prints goes to
// stderr from now on.
func privateStdout() (*os.File, error) {
	stdout := os.Stdout
	os.Stdout = os.Stderr
	return stdout, nil
}
