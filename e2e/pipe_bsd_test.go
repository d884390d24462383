//go:build unix && !linux

package e2e

// fionread asks how many bytes wait in a pipe (sys/filio.h).
const fionread = 0x4004667f
