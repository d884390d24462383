// Package auth finds the OpenAI credentials of the user: in the environment and
// in the auth.json that Codex keeps in CODEX_HOME. It is the only package that
// reads that file, and a token or key leaves it only through the Authorize
// method of a credential.
//
// There are two kinds of credential and one resolver for each, [Manager.ChatGPT]
// and [Manager.Platform], so that a credential of the wrong kind does not
// type-check. A value that is in the wrong place all the same, such as a token
// in OPENAI_API_KEY, is refused before anything is sent; no other source takes
// its place.
//
// Errors that leave the package are *[protocol.Error], with the codes 1001
// login_required, 1002 credential_mismatch and 1003 credential_store, and
// -32800 when the context ended while auth.json was read. Their messages name
// variables, members and paths, never a value.
package auth
