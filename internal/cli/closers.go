package cli

// closers end what a command has started, the latest first.
type closers struct{ ends []func() }

// onClose adds what ends the part that has just been started.
func (c *closers) onClose(end func()) { c.ends = append(c.ends, end) }

// close runs all of them; a second call does nothing.
func (c *closers) close() {
	for len(c.ends) > 0 {
		last := len(c.ends) - 1
		end := c.ends[last]
		c.ends = c.ends[:last]
		end()
	}
}
