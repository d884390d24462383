package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// released makes a folder with install.sh and an archive of this platform, whose
// binary is a script. It returns the folder and the name of the archive.
func released(t *testing.T) (string, string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("install.sh is for Linux and macOS")
	}
	r := &release{source: source{version: "1.2.3", date: someDate}, out: t.TempDir(), url: "https://example.invalid/v1.2.3"}
	name := "signalbox_1.2.3_" + runtime.GOOS + "_" + runtime.GOARCH
	packed, err := gzipped([]entry{
		{name: name + "/signalbox", mode: 0o755, data: []byte("#!/bin/sh\necho signalbox 1.2.3\n")},
		{name: name + "/man/signalbox.1", mode: 0o644, data: []byte("page")},
		{name: name + "/completion/signalbox", mode: 0o644, data: []byte("bash")},
		{name: name + "/completion/_signalbox", mode: 0o644, data: []byte("zsh")},
		{name: name + "/completion/signalbox.fish", mode: 0o644, data: []byte("fish")},
	}, someDate)
	require.NoError(t, err)
	require.NoError(t, r.write(name+".tar.gz", packed))
	script, err := filled("install.sh", map[string]any{"Version": r.version, "URL": r.url, "Key": "RWnone"})
	require.NoError(t, err)
	require.NoError(t, r.write("install.sh", script))
	require.NoError(t, r.write("SHA256SUMS", []byte(digest(packed)+"  "+name+".tar.gz\n")))
	return r.out, name + ".tar.gz"
}

// install runs install.sh of folder, with the programs of the system but minisign.
func install(t *testing.T, folder string, args ...string) (string, error) {
	t.Helper()
	bin := t.TempDir()
	for _, program := range []string{"sh", "uname", "id", "mktemp", "rm", "cp", "mv", "mkdir", "chmod", "awk", "cut", "tar", "gzip", "sha256sum", "shasum", "curl"} {
		if path, err := exec.LookPath(program); err == nil {
			require.NoError(t, os.Symlink(path, filepath.Join(bin, program)))
		}
	}
	c := exec.Command("sh", append([]string{filepath.Join(folder, "install.sh")}, args...)...)
	c.Env = []string{"PATH=" + bin, "HOME=" + t.TempDir(), "TMPDIR=" + t.TempDir()}
	text, err := c.CombinedOutput()
	return string(text), err
}

func TestInstallPutsTheProgramIntoThePrefix(t *testing.T) {
	folder, _ := released(t)
	prefix := filepath.Join(t.TempDir(), "a prefix")
	said, err := install(t, folder, "--prefix", prefix)
	require.NoError(t, err, said)
	require.Contains(t, said, "The signature was not checked, because minisign is not installed.")
	printed, err := exec.Command(filepath.Join(prefix, "bin", "signalbox")).Output()
	require.NoError(t, err)
	require.Equal(t, "signalbox 1.2.3\n", string(printed))
	for file, want := range map[string]string{"share/man/man1/signalbox.1": "page", "share/bash-completion/completions/signalbox": "bash", "share/zsh/site-functions/_signalbox": "zsh", "share/fish/vendor_completions.d/signalbox.fish": "fish"} {
		require.Equal(t, want, read(t, filepath.Join(prefix, file)))
	}
}

func TestInstallOverHTTP(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed")
	}
	folder, _ := released(t)
	server := httptest.NewServer(http.FileServer(http.Dir(folder)))
	defer server.Close()
	defer http.DefaultClient.CloseIdleConnections()
	alone, prefix := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(alone, "install.sh"), []byte(read(t, filepath.Join(folder, "install.sh"))), 0o644))
	said, err := install(t, alone, "--from", server.URL, "--prefix", prefix)
	require.NoError(t, err, said)
	require.FileExists(t, filepath.Join(prefix, "bin", "signalbox"))
}

func TestInstallRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(t *testing.T, folder, archive string) []string
		says  string
	}{
		"a wrong checksum": {func(t *testing.T, folder, archive string) []string {
			file := filepath.Join(folder, archive)
			require.NoError(t, os.WriteFile(file, []byte(read(t, file)+"x"), 0o644))
			return nil
		}, "the checksum of"},
		"an archive without a checksum": {func(t *testing.T, folder, archive string) []string {
			require.NoError(t, os.WriteFile(filepath.Join(folder, "SHA256SUMS"), []byte("00  other\n"), 0o644))
			return nil
		}, "the checksum of"},
		"plain HTTP":                 {func(*testing.T, string, string) []string { return []string{"--from", "http://example.invalid"} }, "is not https"},
		"a folder without the files": {func(t *testing.T, _, _ string) []string { return []string{"--from", t.TempDir()} }, "cannot be read"},
		"an unknown option":          {func(*testing.T, string, string) []string { return []string{"--force"} }, "there is no option --force"},
	} {
		t.Run(name, func(t *testing.T) {
			folder, archive := released(t)
			prefix := filepath.Join(t.TempDir(), "prefix")
			said, err := install(t, folder, append([]string{"--prefix", prefix}, test.spoil(t, folder, archive)...)...)
			require.Error(t, err)
			require.Contains(t, said, test.says)
			require.NoDirExists(t, prefix)
		})
	}
}

// Without Go, make says what is missing, and where else to get the program.
func TestMakeWithoutGo(t *testing.T) {
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("make is not installed")
	}
	for _, goal := range []string{"build", "demo", "release"} {
		text, err := exec.Command("make", "-C", filepath.Join("..", ".."), goal, "GO=no-such-go").CombinedOutput()
		require.Error(t, err)
		require.Contains(t, string(text), "Go 1.26 or newer is missing: install it, or a package of a release")
	}
}
