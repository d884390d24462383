package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"cmp"
	"compress/flate"
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"
)

// entry is a file of an archive, or a folder, whose name ends in a slash. Its owner
// is uid; its time is that of the release.
type entry struct {
	name string
	mode fs.FileMode // permissions
	data []byte
	uid  int
}

// archives packs each binary with its documents: tar.gz, and zip for Windows.
func (r *release) archives() error {
	for _, t := range targets {
		binary, err := os.ReadFile(r.bins[t])
		if err != nil {
			return err
		}
		name := "signalbox_" + r.version + "_" + t.String()
		entries := []entry{{name: name + "/" + t.exe(), mode: 0o755, data: binary}}
		for _, e := range r.docs {
			e.name = name + "/" + e.name
			entries = append(entries, e)
		}
		var packed []byte
		if t.os == "windows" {
			name += ".zip"
			packed, err = zipped(entries, r.date)
		} else {
			name += ".tar.gz"
			packed, err = gzipped(entries, r.date)
		}
		if err != nil {
			return err
		}
		if err := r.write(name, packed); err != nil {
			return err
		}
	}
	return nil
}

// write writes a file of the release.
func (r *release) write(name string, data []byte) error {
	return os.WriteFile(filepath.Join(r.out, name), data, 0o644)
}

// sorted returns entries by name.
func sorted(entries []entry) []entry {
	return slices.SortedFunc(slices.Values(entries), func(a, b entry) int { return cmp.Compare(a.name, b.name) })
}

// tarred returns entries as a tar file whose bytes depend on nothing else.
func tarred(entries []entry, date time.Time) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range sorted(entries) {
		h := &tar.Header{Name: e.name, Mode: int64(e.mode), Size: int64(len(e.data)), ModTime: date, Uid: e.uid, Gid: e.uid, Typeflag: tar.TypeReg, Format: tar.FormatUSTAR}
		if e.isFolder() {
			h.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := w.Write(e.data); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}

// gzipped returns entries as a tar.gz file whose bytes depend on nothing else.
func gzipped(entries []entry, date time.Time) ([]byte, error) {
	plain, err := tarred(entries, date)
	if err != nil {
		return nil, err
	}
	return compressed(plain)
}

// compressed returns data as gzip has it, without a name or a time.
func compressed(data []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	err = w.Close()
	return b.Bytes(), err
}

// zipped returns entries as a zip file whose bytes depend on nothing else.
func zipped(entries []entry, date time.Time) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	w.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(out, flate.BestCompression)
	})
	for _, e := range sorted(entries) {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate, Modified: date}
		h.SetMode(e.mode)
		f, err := w.CreateHeader(h)
		if err != nil {
			return nil, err
		}
		if _, err := f.Write(e.data); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}

func (e entry) isFolder() bool { return e.name != "" && e.name[len(e.name)-1] == '/' }

// filesBelow returns the files of a folder as entries below prefix, those that can be
// run with the mode 0755 and the others with 0644.
func filesBelow(folder, prefix string) ([]entry, error) {
	var entries []entry
	err := filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(folder, name)
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if info.Mode()&0o100 != 0 {
			mode = 0o755
		}
		entries = append(entries, entry{name: path.Join(prefix, filepath.ToSlash(rel)), mode: mode, data: data})
		return nil
	})
	return entries, err
}
