// Package protocol holds what goes over the pipe between a host and
// signalbox: methods, params, results, notifications, errors and evidence.
// It is the one page to read first; the prose twin is docs/reference.md, whose
// tables are made from this package and its comments.
//
// [Methods], [ServerNotifications] and [ClientNotifications] list the messages
// with their types, [Errors] the errors with their reasons.
//
// # Naming
//
// Fields of our own are camelCase. Objects that describe an exchange with
// OpenAI (evidence, upstream) and the fields base_url and credential_source are
// snake_case, like that API. Every time is an RFC 3339 UTC string, every
// duration an integer of milliseconds.
//
// All types are plain values, safe to copy and to read from several goroutines.
package protocol

// Version is the protocol version that initialize negotiates. Within it,
// fields, methods, notifications, kinds, reasons and enum values may be added.
const Version = 1
