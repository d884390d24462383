// Package simulator is OpenAI on loopback: the OAuth issuer, the ChatGPT Codex
// backend and the Platform's Responses API behind one listener. It serves the
// tests, `signalbox demo` and `--simulate`.
//
// It is an independent oracle. It imports no other package of this project, so
// that a mistake made there is not repeated here, and it refuses what the real
// backends are known to refuse, in their own words: a client that gets past the
// simulator has sent a request of the right shape.
//
// It proves nothing about the live backends. What they accept changes without
// notice; only a call with real credentials shows that it still works.
package simulator
