package auth

import "syscall"

// errReserved is WSAEACCES: the port is in a range that the system keeps for somebody,
// such as Hyper-V, although nobody listens there
// (netsh int ipv4 show excludedportrange protocol=tcp).
const errReserved = syscall.Errno(10013)
