//go:build !unix

package process

// Seal does nothing: there are no core files.
func Seal() {}

// ForChild does nothing: a child inherits no handle that it is not given.
func ForChild() (done func()) { return func() {} }
