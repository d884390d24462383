// Package process keeps the memory and the descriptors of this process from the other
// programs of its user, as ssh-agent does (docs/decisions.md 54).
package process
