// Command release builds everything that a release of signalbox consists of:
//
//	go run ./packaging/release -out dist [-version 1.2.3] [-key FILE] [-tools .tools]
//
// It builds what is committed, not what lies in the working tree. Two runs from one
// commit write the same bytes, the signature aside. docs/releasing.md says what each
// file is and what is needed.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

func main() {
	var r release
	flag.StringVar(&r.out, "out", "dist", "the `FOLDER` that is made anew")
	flag.StringVar(&r.tools, "tools", ".tools", "the `FOLDER` with nfpm, cyclonedx-gomod, minisign and a Python with hatchling")
	flag.StringVar(&r.key, "key", os.Getenv("SIGNALBOX_SIGNING_KEY"), "the minisign key `FILE`, without a password; none: a key that is thrown away")
	flag.StringVar(&r.url, "url", "", "where the files will be, a `URL`; by default the releases of the repository")
	binary := flag.String("binary", "", "build nothing but the binary of this platform, into a `FILE`")
	version := flag.String("version", "", "the version; by default that of the tag of the commit")
	rev := flag.String("commit", "HEAD", "the `COMMIT` that is built")
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	err := r.find(*rev, *version)
	switch {
	case err != nil:
	case *binary != "":
		err = r.onlyBinary(*binary)
	default:
		err = r.run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// release is a run of this program.
type release struct {
	out, tools, key, url string

	source
	work string            // a temporary folder
	tree string            // the committed source, in work
	bins map[target]string // the binaries, in work
	docs []entry           // what every archive has beside the binary
}

// run makes all files of the release in r.out.
func (r *release) run() (err error) {
	begin := time.Now()
	if r.url == "" {
		r.url = "https://github.com/signalbox-dev/signalbox/releases/download/v" + r.version
	}
	for _, path := range []*string{&r.out, &r.tools} {
		if *path, err = filepath.Abs(*path); err != nil {
			return err
		}
	}
	if r.work, err = os.MkdirTemp("", "signalbox-release-"); err != nil {
		return err
	}
	defer os.RemoveAll(r.work)
	if err := os.RemoveAll(r.out); err != nil {
		return err
	}
	if err := os.MkdirAll(r.out, 0o755); err != nil {
		return err
	}
	fmt.Printf("signalbox %s, commit %.12s of %s\n", r.version, r.commit, r.date.Format(time.DateOnly))
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"six binaries, built twice and compared", r.build},
		{"completion and manual pages", r.document},
		{"archives", r.archives},
		{"deb and rpm", r.linuxPackages},
		{"wheels", r.wheels},
		{"npm packages", r.npmPackages},
		{"extension of VS Code", r.vsix},
		{"OCI image", r.image},
		{"SBOM", r.sbom},
		{"formula, manifest, install.sh", r.generate},
		{"checksums and signature", r.sign},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		fmt.Printf("%5.0f s  %s\n", time.Since(begin).Seconds(), step.name)
	}
	return nil
}
