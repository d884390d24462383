package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var someDate = time.Date(2026, 11, 30, 12, 34, 56, 0, time.UTC)

func someEntries() []entry {
	return []entry{
		{name: "a/signalbox", mode: 0o755, data: []byte("binary")},
		{name: "a/codex/", mode: 0o700, uid: nobody},
		{name: "a/LICENSE", mode: 0o644, data: []byte("text")},
	}
}

// TestArchivesDependOnNothingElse packs the same files in another order.
func TestArchivesDependOnNothingElse(t *testing.T) {
	for name, pack := range map[string]func([]entry, time.Time) ([]byte, error){"tar": tarred, "tar.gz": gzipped, "zip": zipped} {
		entries := someEntries()
		first, err := pack(entries, someDate)
		require.NoError(t, err, name)
		slices.Reverse(entries)
		second, err := pack(entries, someDate)
		require.NoError(t, err, name)
		require.Equal(t, first, second, name)
		later, err := pack(entries, someDate.Add(time.Hour))
		require.NoError(t, err, name)
		require.NotEqual(t, first, later, "%s has the date of the release", name)
	}
}

func TestTarHasModesOwnersAndDates(t *testing.T) {
	packed, err := tarred(someEntries(), someDate)
	require.NoError(t, err)
	var got []string
	for r := tar.NewReader(bytes.NewReader(packed)); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		require.True(t, h.ModTime.Equal(someDate))
		require.Empty(t, h.Uname)
		got = append(got, h.Name+" "+strconv.FormatInt(h.Mode, 8)+" "+strconv.Itoa(h.Uid))
	}
	require.Equal(t, []string{"a/LICENSE 644 0", "a/codex/ 700 65532", "a/signalbox 755 0"}, got)
}

func TestZipHasTheModeOfTheBinary(t *testing.T) {
	packed, err := zipped(someEntries(), someDate)
	require.NoError(t, err)
	r, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	require.NoError(t, err)
	require.Equal(t, "a/signalbox", r.File[2].Name)
	require.Equal(t, "-rwxr-xr-x", r.File[2].Mode().String())
}

// TestWheelHasTheBinaryAsAScript holds RECORD against the files, as pip does.
func TestWheelHasTheBinaryAsAScript(t *testing.T) {
	plain, err := zipped([]entry{
		{name: "signalbox/__init__.py", mode: 0o644, data: []byte("pass\n")},
		{name: "signalbox_rpc-1.2.dist-info/METADATA", mode: 0o644, data: []byte("Name: signalbox-rpc\n")},
		{name: "signalbox_rpc-1.2.dist-info/RECORD", mode: 0o644, data: []byte("old\n")},
		{name: "signalbox_rpc-1.2.dist-info/WHEEL", mode: 0o644, data: []byte("Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")},
	}, someDate)
	require.NoError(t, err)
	wheel, err := withBinary(plain, []string{"one", "two"}, entry{name: "signalbox.exe", mode: 0o755, data: []byte("MZ")}, someDate)
	require.NoError(t, err)

	r, err := zip.NewReader(bytes.NewReader(wheel), int64(len(wheel)))
	require.NoError(t, err)
	files := map[string]string{}
	for _, f := range r.File {
		data, err := readZipped(f)
		require.NoError(t, err)
		files[f.Name] = string(data)
		if strings.HasSuffix(f.Name, ".exe") {
			require.Equal(t, "-rwxr-xr-x", f.Mode().String())
		}
	}
	require.Equal(t, "MZ", files["signalbox_rpc-1.2.data/scripts/signalbox.exe"])
	require.Equal(t, "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: py3-none-one\nTag: py3-none-two\n", files["signalbox_rpc-1.2.dist-info/WHEEL"])
	lines := strings.Split(strings.TrimSpace(files["signalbox_rpc-1.2.dist-info/RECORD"]), "\n")
	require.Len(t, lines, len(files))
	for _, line := range lines {
		fields := strings.Split(line, ",")
		if fields[0] == "signalbox_rpc-1.2.dist-info/RECORD" {
			require.Equal(t, []string{"", ""}, fields[1:])
			continue
		}
		sum := sha256.Sum256([]byte(files[fields[0]]))
		require.Equal(t, "sha256="+base64.RawURLEncoding.EncodeToString(sum[:]), fields[1], fields[0])
		require.Equal(t, strconv.Itoa(len(files[fields[0]])), fields[2])
	}
}

func TestVersionsOfEachRegistry(t *testing.T) {
	for version, python := range map[string]string{"1.2.3": "1.2.3", "1.2.3-rc.1": "1.2.3rc1", "1.2.3-alpha.2": "1.2.3a2", "1.2.3-beta.10": "1.2.3b10", "0.1.0-dev.352": "0.1.0.dev352"} {
		require.Equal(t, python, source{version: version}.pep440())
		require.True(t, semver.MatchString(version))
	}
	for _, version := range []string{"", "1.2", "1.2.3.4", "1.2.3-foo", "1.2.3; rm"} {
		require.False(t, semver.MatchString(version), version)
	}
}
