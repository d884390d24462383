// Package engine makes model calls: model -> route, credential, one request
// upstream, and every event of its answer handed to a Sink.
//
// The model string is never changed and the body is never re-encoded; what was
// adjusted for a backend is listed in the evidence. A call is in call.go, in steps.
// One place retries (send.go), one decides how a stream ends (stream.go). One reads
// what the upstream says of an error (upstream_error.go), one says what went wrong
// (errors.go).
package engine
