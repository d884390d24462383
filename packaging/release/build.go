package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// target is a platform that the release is for.
type target struct{ os, arch string }

// targets are all of them.
var targets = []target{
	{"linux", "amd64"}, {"linux", "arm64"},
	{"darwin", "amd64"}, {"darwin", "arm64"},
	{"windows", "amd64"}, {"windows", "arm64"},
}

func (t target) String() string { return t.os + "_" + t.arch }

// exe returns the name of the binary.
func (t target) exe() string {
	if t.os == "windows" {
		return "signalbox.exe"
	}
	return "signalbox"
}

// build builds every target twice: from two folders, each with a build cache of its
// own, so that nothing of the first is in the second. It fails when they differ.
func (r *release) build() error {
	r.bins = map[target]string{}
	r.tree = filepath.Join(r.work, "source")
	second := filepath.Join(r.work, "and", "once", "more")
	for _, tree := range []string{r.tree, second} {
		if err := r.checkOut(tree); err != nil {
			return err
		}
	}
	again := filepath.Join(r.work, "cache")
	for _, t := range targets {
		r.bins[t] = filepath.Join(r.work, "bin", t.String(), t.exe())
		other := filepath.Join(r.work, "other", t.String(), t.exe())
		if err := r.compile(r.tree, "", t, r.bins[t]); err != nil {
			return err
		}
		if err := r.compile(second, again, t, other); err != nil {
			return err
		}
		a, err := os.ReadFile(r.bins[t])
		if err != nil {
			return err
		}
		b, err := os.ReadFile(other)
		if err != nil {
			return err
		}
		if !bytes.Equal(a, b) {
			return fmt.Errorf("the binary for %s is not the same in two builds", t)
		}
		fmt.Printf("         %-14s %8d bytes, twice the same\n", t, len(a))
	}
	return os.RemoveAll(again)
}

// onlyBinary builds the binary of this platform into path, with nothing of an earlier
// build.
func (r *release) onlyBinary(path string) (err error) {
	if path, err = filepath.Abs(path); err != nil {
		return err
	}
	if r.work, err = os.MkdirTemp("", "signalbox-release-"); err != nil {
		return err
	}
	defer os.RemoveAll(r.work)
	tree := filepath.Join(r.work, "source")
	if err := r.checkOut(tree); err != nil {
		return err
	}
	return r.compile(tree, filepath.Join(r.work, "cache"), target{runtime.GOOS, runtime.GOARCH}, path)
}

// compile builds the binary of t from tree into path. Everything that could differ
// between machines is pinned; cache is the build cache, "" the user's.
func (r *release) compile(tree, cache string, t target, path string) error {
	env := []string{
		"GOOS=" + t.os, "GOARCH=" + t.arch, "CGO_ENABLED=0", "GOAMD64=v1", "GOARM64=v8.0",
		"GOFLAGS=", "GOEXPERIMENT=", "GOFIPS140=off", "GOWORK=off", "GOTOOLCHAIN=local",
	}
	if cache != "" {
		env = append(env, "GOCACHE="+cache)
	}
	return run(tree, env, "go", "build", "-mod=readonly", "-trimpath", "-buildvcs=false",
		"-ldflags", "-s -w -buildid= -X main.version="+r.version+" -X main.commit="+r.commit+" -X main.date="+r.date.Format(time.RFC3339),
		"-o", path, "./cmd/signalbox")
}
