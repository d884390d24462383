// Package store reads and writes Codex's home: its config.toml, and the login in
// auth.json or in the keyring (docs/credentials.md: The store). It edits text
// without touching members that are not ours and commits all of a change or none
// of it. It decides nothing about credentials: what to refresh, adopt or refuse is
// the caller's business.
//
// Locks are taken in this order (docs/credentials.md: Lock order):
//
//  1. auth.refresh.lock, by LockRefresh: ours alone. It is held from the re-read of
//     the store over the request to the issuer until the answer is saved.
//  2. auth.lock, then the resolved auth.json with ".lock" at its end: Codex's. Commit
//     takes and releases both; they are held for a comparison and a rename only.
//
// Whoever writes holds the first lock: Update, RemoveLogin and Commit expect that of
// their caller. Reading takes no lock. A login is written where it was read: to the
// keyring or to auth.json, as config.toml says. config.toml is never written.
//
// Errors are *protocol.Error of code 1003, which name the file and what its owner
// can do, except where a function says otherwise. They contain nothing of a
// credential.
package store
