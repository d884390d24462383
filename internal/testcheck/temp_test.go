package testcheck

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// leaveVariable makes TestLeavesFiles leave files, and names the file that says
// where.
const leaveVariable = "SIGNALBOX_TEST_LEAVE"

// TestLeavesFiles is what TestTemporaryFilesAreRemoved runs.
func TestLeavesFiles(t *testing.T) {
	path := os.Getenv(leaveVariable)
	if path == "" {
		return
	}
	dir := filepath.Join(os.TempDir(), "left", "behind")
	require.NoError(t, os.MkdirAll(dir, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o400))
	require.NoError(t, os.Chmod(dir, 0o500))
	require.NoError(t, os.WriteFile(path, []byte(dir), 0o600))
}

// What killed processes leave in the folder for temporary files is gone when the
// tests end, read-only folders included.
func TestTemporaryFilesAreRemoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "where")
	cmd := exec.Command(os.Args[0], "-test.run=^TestLeavesFiles$")
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, childVariable+"=")
	}), leaveVariable+"="+path)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	dir, err := os.ReadFile(path)
	require.NoError(t, err)
	require.True(t, strings.HasSuffix(string(dir), filepath.Join("left", "behind")))
	require.NoDirExists(t, filepath.Dir(filepath.Dir(string(dir))))
}
