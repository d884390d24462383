//go:build !linux

package cli

// lockHolders returns nothing: this system does not tell who holds a flock.
func lockHolders(string) []string { return nil }
