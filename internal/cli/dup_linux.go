package cli

import "syscall"

// dup2 is dup3, which every Linux has; dup2 some architectures lack.
func dup2(from, to int) error { return syscall.Dup3(from, to, 0) }
