package store

import "time"

// Waits are how long a store waits for others.
type Waits struct {
	// Lock bounds LockRefresh.
	Lock time.Duration
	// Commit bounds the wait for Codex's locks; then the commit goes on without
	// them (docs/credentials.md: Lock order).
	Commit time.Duration
	// Keyring bounds one call of the keyring.
	Keyring time.Duration
	// KeyringRest is how long a keyring that did not answer is left alone:
	// otherwise each request would wait for it.
	KeyringRest time.Duration
}

func defaultWaits() Waits {
	return Waits{Lock: refreshLockWait, Commit: commitLockWait, Keyring: keyringTimeout, KeyringRest: keyringRest}
}
