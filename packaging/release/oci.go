package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"time"
)

// nobody is the user of the image, and of its volume.
const nobody = 65532

// descriptor is that of the OCI Image Format Specification 1.1.
type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Platform    map[string]string `json:"platform,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// image makes an OCI image layout in a tar file, with an image for each Linux target:
// the binary, the authorities of Mozilla, and /codex, the volume of CODEX_HOME, for a
// user who is nobody. `podman load -i` and `docker load -i` read it.
func (r *release) image() error {
	layout := layout{blobs: map[string][]byte{}}
	var manifests []descriptor
	for _, t := range targets {
		if t.os == "linux" {
			manifest, err := r.imageOf(&layout, t)
			if err != nil {
				return err
			}
			manifests = append(manifests, manifest)
		}
	}
	list, err := layout.addJSON("application/vnd.oci.image.index.v1+json", index(manifests...))
	if err != nil {
		return err
	}
	list.Annotations = map[string]string{"org.opencontainers.image.ref.name": r.version, "io.containerd.image.name": "localhost/signalbox:" + r.version}
	top, err := json.Marshal(index(list))
	if err != nil {
		return err
	}
	entries := []entry{
		{name: "oci-layout", mode: 0o644, data: []byte(`{"imageLayoutVersion":"1.0.0"}`)},
		{name: "index.json", mode: 0o644, data: top},
	}
	for digest, data := range layout.blobs {
		entries = append(entries, entry{name: "blobs/sha256/" + digest, mode: 0o644, data: data})
	}
	packed, err := tarred(entries, r.date)
	if err != nil {
		return err
	}
	return r.write("signalbox_"+r.version+"_oci.tar", packed)
}

// imageOf adds the image of t and returns the descriptor of its manifest.
func (r *release) imageOf(l *layout, t target) (descriptor, error) {
	binary, err := os.ReadFile(r.bins[t])
	if err != nil {
		return descriptor{}, err
	}
	authorities, err := output(filepath.Join(r.tools, "python", "bin", "python"), "-m", "certifi")
	if err != nil {
		return descriptor{}, err
	}
	roots, err := os.ReadFile(authorities)
	if err != nil {
		return descriptor{}, err
	}
	files, err := tarred([]entry{
		{name: "usr/bin/", mode: 0o755},
		{name: "usr/bin/signalbox", mode: 0o755, data: binary},
		{name: "etc/passwd", mode: 0o644, data: []byte("signalbox:x:65532:65532::/codex:/sbin/nologin\n")},
		{name: "etc/group", mode: 0o644, data: []byte("signalbox:x:65532:\n")},
		{name: "etc/ssl/certs/ca-certificates.crt", mode: 0o644, data: roots},
		{name: "usr/share/doc/signalbox/copyright", mode: 0o644, data: r.docs[0].data},
		{name: "codex/", mode: 0o700, uid: nobody},
		{name: "tmp/", mode: 0o1777},
	}, r.date)
	if err != nil {
		return descriptor{}, err
	}
	packed, err := compressed(files)
	if err != nil {
		return descriptor{}, err
	}
	layer := l.add("application/vnd.oci.image.layer.v1.tar+gzip", packed)
	platform := map[string]string{"os": t.os, "architecture": t.arch}
	created := r.date.Format(time.RFC3339)
	config, err := l.addJSON("application/vnd.oci.image.config.v1+json", map[string]any{
		"created": created, "os": t.os, "architecture": t.arch,
		"config": map[string]any{
			"User": "65532:65532", "Entrypoint": []string{"/usr/bin/signalbox"}, "Cmd": []string{"serve"}, "WorkingDir": "/codex",
			"Env":     []string{"PATH=/usr/bin", "HOME=/codex", "CODEX_HOME=/codex"},
			"Volumes": map[string]any{"/codex": struct{}{}},
			"Labels": map[string]string{
				"org.opencontainers.image.title": "signalbox", "org.opencontainers.image.description": description,
				"org.opencontainers.image.version": r.version, "org.opencontainers.image.revision": r.commit,
				"org.opencontainers.image.created": created, "org.opencontainers.image.licenses": "Apache-2.0",
				"org.opencontainers.image.source": "https://github.com/signalbox-dev/signalbox",
			},
		},
		"rootfs":  map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + digest(files)}},
		"history": []any{map[string]string{"created": created, "created_by": "packaging/release"}},
	})
	if err != nil {
		return descriptor{}, err
	}
	manifest, err := l.addJSON("application/vnd.oci.image.manifest.v1+json", map[string]any{
		"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
		"config": config, "layers": []descriptor{layer},
	})
	manifest.Platform = platform
	return manifest, err
}

// layout is the blobs of an image layout, by digest.
type layout struct{ blobs map[string][]byte }

func (l *layout) add(mediaType string, data []byte) descriptor {
	sum := digest(data)
	l.blobs[sum] = data
	return descriptor{MediaType: mediaType, Digest: "sha256:" + sum, Size: len(data)}
}

func (l *layout) addJSON(mediaType string, value any) (descriptor, error) {
	data, err := json.Marshal(value)
	return l.add(mediaType, data), err
}

func index(manifests ...descriptor) map[string]any {
	return map[string]any{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": manifests}
}

// digest returns the SHA-256 of data in hex.
func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
