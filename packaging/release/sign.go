package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// sbom describes what the binary is built from, as CycloneDX 1.6, without a time or a
// serial number. All targets have the same modules but for those of their system.
func (r *release) sbom() error {
	for _, t := range targets {
		file := filepath.Join(r.work, "sbom.json")
		if err := run("", nil, filepath.Join(r.tools, "cyclonedx-gomod"), "bin", "-json", "-noserial", "-version", "v"+r.version, "-output", file, r.bins[t]); err != nil {
			return err
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var sbom map[string]any
		if err := json.Unmarshal(text, &sbom); err != nil {
			return err
		}
		if metadata, ok := sbom["metadata"].(map[string]any); ok {
			delete(metadata, "timestamp")
		}
		if text, err = json.MarshalIndent(sbom, "", "  "); err != nil {
			return err
		}
		if err := r.write("signalbox_"+r.version+"_"+t.String()+".cdx.json", append(text, '\n')); err != nil {
			return err
		}
	}
	return nil
}

// sums are the names of the files of the release and their SHA-256, as sha256sum
// prints them.
func (r *release) sums() (map[string]string, error) {
	files, err := os.ReadDir(r.out)
	if err != nil {
		return nil, err
	}
	sums := map[string]string{}
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(r.out, f.Name()))
		if err != nil {
			return nil, err
		}
		sums[f.Name()] = digest(data)
	}
	return sums, nil
}

// sign writes SHA256SUMS, of all files, and its signature.
func (r *release) sign() error {
	files, err := os.ReadDir(r.out) // by name
	if err != nil {
		return err
	}
	sums, err := r.sums()
	if err != nil {
		return err
	}
	var text strings.Builder
	for _, f := range files {
		fmt.Fprintf(&text, "%s  %s\n", sums[f.Name()], f.Name())
	}
	if err := r.write("SHA256SUMS", []byte(text.String())); err != nil {
		return err
	}
	return run("", nil, r.minisign(), "-S", "-W", "-s", r.key, "-t", "signalbox "+r.version, "-m", filepath.Join(r.out, "SHA256SUMS"))
}

func (r *release) minisign() string { return filepath.Join(r.tools, "minisign") }

// publicKey returns what verifies the signature, and puts it into minisign.pub. A
// release without a key gets one, which is gone afterwards.
func (r *release) publicKey() (string, error) {
	file := filepath.Join(r.out, "minisign.pub")
	if r.key == "" {
		r.key = filepath.Join(r.work, "minisign.key")
		if err := run("", nil, r.minisign(), "-G", "-W", "-s", r.key, "-p", file); err != nil {
			return "", err
		}
		fmt.Println("         Signed with a key that is thrown away: good for a test, not for others.")
	} else if err := run("", nil, r.minisign(), "-R", "-f", "-s", r.key, "-p", file); err != nil {
		return "", err
	}
	text, err := os.ReadFile(file)
	lines := strings.Fields(string(text))
	if err != nil || len(lines) == 0 {
		return "", fmt.Errorf("minisign.pub: %q %w", text, err)
	}
	return lines[len(lines)-1], nil
}
