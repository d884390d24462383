// Package wire is JSON-RPC 2.0 on a pair of pipes. It knows framing, ids and
// envelopes; it knows nothing of methods or of OpenAI.
//
// A Conn reads messages on one goroutine, which never writes and never blocks
// on a handler. Everything leaves through one writer with two ways in: Event
// blocks while the host does not read, which is the back-pressure of a stream;
// everything else is queued without blocking, so that no reply is lost, and the
// reader pauses when too much is queued.
//
// The read loop and our own calls to the host are sourcegraph/jsonrpc2's. That
// library closes the connection at the first malformed message, re-sorts the
// members of params and cannot hold every id, so it only sees the responses to our
// own calls (see stream.go).
//
// The rules are in docs/protocol.md: Framing, Order on the pipe, Limits.
package wire
