//go:build !linux && !darwin && !windows

package rpc

// parentOf returns 0: of other processes' parents nothing is known here, so that only
// our own parent counts as an ancestor.
func parentOf(int) int { return 0 }
