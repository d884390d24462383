package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// wheelTags says which platforms pip puts each binary on. It is static, so any libc
// of Linux will do; Go needs macOS 12.
var wheelTags = map[target][]string{
	{"linux", "amd64"}:   {"manylinux_2_17_x86_64", "manylinux2014_x86_64", "musllinux_1_1_x86_64"},
	{"linux", "arm64"}:   {"manylinux_2_17_aarch64", "manylinux2014_aarch64", "musllinux_1_1_aarch64"},
	{"darwin", "amd64"}:  {"macosx_12_0_x86_64"},
	{"darwin", "arm64"}:  {"macosx_12_0_arm64"},
	{"windows", "amd64"}: {"win_amd64"},
	{"windows", "arm64"}: {"win_arm64"},
}

var pythonVersion = regexp.MustCompile(`__version__ = ".*"`)

// wheels builds the wheel of the Python package without a binary, and makes one for
// each target of it. The binary is a script of the wheel, so pip, pipx and uv put it
// on the PATH as they put any console program there.
func (r *release) wheels() error {
	package_ := filepath.Join(r.tree, "clients", "python")
	file := filepath.Join(package_, "signalbox", "_version.py")
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	text = pythonVersion.ReplaceAll(text, []byte(`__version__ = "`+r.pep440()+`"`))
	if err := os.WriteFile(file, text, 0o644); err != nil {
		return err
	}
	python := filepath.Join(r.tools, "python", "bin", "python")
	out := filepath.Join(r.work, "wheel")
	if err := run(package_, nil, python, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", out, "."); err != nil {
		return err
	}
	pure, err := filepath.Glob(filepath.Join(out, "*-py3-none-any.whl"))
	if err != nil || len(pure) != 1 {
		return fmt.Errorf("there should be one wheel in %s, not %d", out, len(pure))
	}
	plain, err := os.ReadFile(pure[0])
	if err != nil {
		return err
	}
	for _, t := range targets {
		binary, err := os.ReadFile(r.bins[t])
		if err != nil {
			return err
		}
		wheel, err := withBinary(plain, wheelTags[t], entry{name: t.exe(), mode: 0o755, data: binary}, r.date)
		if err != nil {
			return err
		}
		name := strings.TrimSuffix(filepath.Base(pure[0]), "any.whl") + strings.Join(wheelTags[t], ".") + ".whl"
		if err := r.write(name, wheel); err != nil {
			return err
		}
	}
	return nil
}

// withBinary returns a wheel of pure Python with binary as one of its scripts, for
// the platforms tags. Its RECORD and WHEEL are as the specification "Binary
// distribution format" of PyPA has them.
func withBinary(plain []byte, tags []string, binary entry, date time.Time) ([]byte, error) {
	r, err := zip.NewReader(bytes.NewReader(plain), int64(len(plain)))
	if err != nil {
		return nil, err
	}
	var entries []entry
	info := "" // NAME-VERSION.dist-info
	for _, f := range r.File {
		data, err := readZipped(f)
		if err != nil {
			return nil, err
		}
		dir, name, _ := strings.Cut(f.Name, "/")
		if strings.HasSuffix(dir, ".dist-info") {
			info = dir
			switch name {
			case "RECORD":
				continue
			case "WHEEL":
				if data, err = tagged(data, tags); err != nil {
					return nil, err
				}
			}
		}
		entries = append(entries, entry{name: f.Name, mode: 0o644, data: data})
	}
	if info == "" {
		return nil, fmt.Errorf("the wheel has no .dist-info")
	}
	binary.name = strings.TrimSuffix(info, ".dist-info") + ".data/scripts/" + binary.name
	entries = sorted(append(entries, binary))
	var record strings.Builder
	for _, e := range entries {
		sum := sha256.Sum256(e.data)
		fmt.Fprintf(&record, "%s,sha256=%s,%d\n", e.name, base64.RawURLEncoding.EncodeToString(sum[:]), len(e.data))
	}
	fmt.Fprintf(&record, "%s/RECORD,,\n", info)
	entries = append(entries, entry{name: info + "/RECORD", mode: 0o644, data: []byte(record.String())})
	return zipped(entries, date)
}

// tagged returns a file WHEEL for the platforms tags in the place of any.
func tagged(wheel []byte, tags []string) ([]byte, error) {
	const pure, any = "Root-Is-Purelib: true\n", "Tag: py3-none-any\n"
	text := string(wheel)
	if !strings.Contains(text, pure) || !strings.Contains(text, any) {
		return nil, fmt.Errorf("this is not the WHEEL of a pure package: %q", text)
	}
	text = strings.Replace(text, pure, "Root-Is-Purelib: false\n", 1)
	var lines strings.Builder
	for _, tag := range tags {
		lines.WriteString("Tag: py3-none-" + tag + "\n")
	}
	return []byte(strings.Replace(text, any, lines.String(), 1)), nil
}

func readZipped(f *zip.File) ([]byte, error) {
	in, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer in.Close()
	return io.ReadAll(in)
}
