// Package auth holds the user's OpenAI credentials: it finds them in the
// environment and in the store that Codex keeps (auth.json in CODEX_HOME, or the
// keyring), logs in, refreshes, exchanges and forgets. Package auth/store reads and
// writes that store, package auth/issuer talks to the issuer. A token or key leaves
// this package only through the Authorize method of a credential
// (docs/credentials.md has the rules).
//
// There are two kinds of credential and one resolver for each, [Manager.ChatGPT]
// and [Manager.Platform], so that a credential of the wrong kind does not
// type-check. A value that is in the wrong place all the same, such as a token
// in OPENAI_API_KEY, is refused before anything is sent; no other source
// replaces it.
//
// What is written goes through the store's commit, a compare-and-swap under our
// lock file and Codex's; docs/security.md says what that promises.
//
// Errors that leave the package are *[protocol.Error], with the codes 1001 to
// 1006, -32602 for what is not an API key, and -32800 when the context ended. Their
// messages name variables, members and paths, never a value.
package auth
