package e2e

import "syscall"

// fionread asks how many bytes wait in a pipe (ioctl_list(2)).
const fionread = syscall.TIOCINQ
