//go:build unix

package store

// systemFolder has the administrator's layers of Codex's configuration.
const systemFolder = "/etc/codex"
