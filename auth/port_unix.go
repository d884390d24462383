//go:build unix

package auth

import "syscall"

// errReserved: the port is for the administrator.
const errReserved = syscall.EACCES
