// Package gateway answers programs that speak HTTP only: the Responses API on
// loopback or on a Unix socket, over the same engine as the pipe (docs/gateway.md). It
// knows no credential. Whoever asks has the token of a file that only this user can
// read.
package gateway
