package auth

// A test process can be started again as one of several that share a login.

// roleVariable tells such a process what to do.
const roleVariable = "SIGNALBOX_TEST_ROLE"

// play is the program of such a process; it gives the exit code.
func play(string) int { return 2 }
