// Package engine makes model calls: model -> route, credential, one request
// upstream, and every event of its answer handed to a Sink.
//
// The model string is never changed and the body is never re-encoded; what was
// adjusted for a backend is listed in the evidence. One place retries
// (send.go), one place decides how a stream ends (stream.go), and three say what
// went wrong: no answer (unreachable.go), one that is not 2xx (refusal.go), one
// that does not come to its end (failures.go).
package engine
