package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// source is what is built: a commit.
type source struct {
	version string // as in Semantic Versioning 2.0, without the v of the tag
	commit  string
	date    time.Time // of the commit, UTC; every file of the release bears it
}

var (
	semver      = regexp.MustCompile(`^\d+\.\d+\.\d+(-(alpha|beta|rc|dev)\.\d+)?$`)
	mainVersion = regexp.MustCompile(`version += "([^"]+)"`)
)

// find sets s to the commit rev. Its version is the one given, else that of its tag
// vX.Y.Z, else the next one with -dev.N, N being the number of commits.
func (s *source) find(rev, version string) (err error) {
	if s.commit, err = output("git", "rev-parse", "--verify", rev+"^{commit}"); err != nil {
		return err
	}
	stamp, err := output("git", "log", "-1", "--format=%cI", s.commit)
	if err != nil {
		return err
	}
	date, err := time.Parse(time.RFC3339, stamp)
	if err != nil {
		return err
	}
	s.date = date.UTC()
	if changed, _ := output("git", "status", "--porcelain", "--untracked-files=no"); changed != "" && rev == "HEAD" {
		fmt.Println("Changes that are not committed are not in the release.")
	}
	if version == "" {
		if version, err = s.versionOfTag(); err != nil {
			return err
		}
	}
	s.version = strings.TrimPrefix(version, "v")
	if !semver.MatchString(s.version) {
		return fmt.Errorf("the version %q is not X.Y.Z, nor X.Y.Z with -alpha.N, -beta.N, -rc.N or -dev.N", s.version)
	}
	return nil
}

func (s *source) versionOfTag() (string, error) {
	if tag, err := output("git", "describe", "--tags", "--exact-match", "--match", "v*", s.commit); err == nil {
		return tag, nil
	}
	text, err := output("git", "show", s.commit+":cmd/signalbox/main.go")
	if err != nil {
		return "", err
	}
	match := mainVersion.FindStringSubmatch(text)
	if match == nil {
		return "", errors.New("cmd/signalbox/main.go names no version")
	}
	count, err := output("git", "rev-list", "--count", s.commit)
	return match[1] + "-dev." + count, err
}

// pep440 returns the version as Python writes it: 1.2.0rc1, 1.2.0.dev7.
func (s source) pep440() string {
	return strings.NewReplacer("-alpha.", "a", "-beta.", "b", "-rc.", "rc", "-dev.", ".dev").Replace(s.version)
}

// checkOut puts the files of the commit into folder, which it makes.
func (s source) checkOut(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	tar := folder + ".tar"
	if err := run("", nil, "git", "archive", "--format=tar", "-o", tar, s.commit); err != nil {
		return err
	}
	defer os.Remove(tar)
	return run("", nil, "tar", "-xf", tar, "-C", folder)
}

// run runs a program in folder, with env added. Its output is in the error.
func run(folder string, env []string, name string, args ...string) error {
	c := exec.Command(name, args...)
	c.Dir, c.Env = folder, append(os.Environ(), env...)
	if text, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", filepath.Base(name), strings.Join(args, " "), err, bytes.TrimSpace(text))
	}
	return nil
}

// output returns what a program prints on stdout.
func output(name string, args ...string) (string, error) {
	text, err := exec.Command(name, args...).Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(text)), nil
}
