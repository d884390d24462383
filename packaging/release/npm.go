package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
)

// npmName is the package, and with -PLATFORM-ARCH those that hold a binary.
const npmName = "signalbox-rpc"

var (
	nodePlatform = map[string]string{"linux": "linux", "darwin": "darwin", "windows": "win32"} // process.platform
	nodeArch     = map[string]string{"amd64": "x64", "arm64": "arm64"}                         // process.arch
)

// npmPackages makes a package with the binary for each target, and that of the client,
// which names them as optional dependencies: npm installs the one that fits, and no
// script runs.
func (r *release) npmPackages() error {
	optional := map[string]string{}
	for _, t := range targets {
		name := npmName + "-" + nodePlatform[t.os] + "-" + nodeArch[t.arch]
		optional[name] = r.version
		packed, err := r.npmPlatform(name, t)
		if err != nil {
			return err
		}
		if err := r.write(name+"-"+r.version+".tgz", packed); err != nil {
			return err
		}
	}
	return r.npmClient(optional)
}

// npmPlatform returns the package with the binary of t.
func (r *release) npmPlatform(name string, t target) ([]byte, error) {
	about := map[string]any{
		"name": name, "version": r.version, "license": "Apache-2.0",
		"description": "The signalbox binary for " + nodePlatform[t.os] + " on " + nodeArch[t.arch] + "; see " + npmName,
		"repository":  map[string]string{"type": "git", "url": "git+https://github.com/signalbox-dev/signalbox.git"},
		"os":          []string{nodePlatform[t.os]}, "cpu": []string{nodeArch[t.arch]},
		"files": []string{"bin"}, "preferUnplugged": true,
	}
	// The client has a command of its own where it can start the binary itself.
	if client, err := r.npmManifest(); err != nil {
		return nil, err
	} else if client["bin"] == nil {
		about["bin"] = map[string]string{"signalbox": "bin/" + t.exe()}
	}
	manifest, err := json.MarshalIndent(about, "", "  ")
	if err != nil {
		return nil, err
	}
	binary, err := os.ReadFile(r.bins[t])
	if err != nil {
		return nil, err
	}
	return gzipped([]entry{
		{name: "package/package.json", mode: 0o644, data: append(manifest, '\n')},
		{name: "package/bin/" + t.exe(), mode: 0o755, data: binary},
		{name: "package/LICENSE", mode: 0o644, data: r.docs[0].data},
		{name: "package/README.md", mode: 0o644, data: []byte("The signalbox binary. It is a part of " + npmName + ": install that.\n")},
	}, r.date)
}

// npmManifest returns the package.json of the client.
func (r *release) npmManifest() (map[string]any, error) {
	text, err := os.ReadFile(filepath.Join(r.tree, "clients", "node", "package.json"))
	if err != nil {
		return nil, err
	}
	var manifest map[string]any
	err = json.Unmarshal(text, &manifest)
	return manifest, err
}

// npmClient packs the client, with the version of the release, by npm: the files are
// those that its package.json names.
func (r *release) npmClient(optional map[string]string) error {
	folder := filepath.Join(r.tree, "clients", "node")
	manifest, err := r.npmManifest()
	if err != nil {
		return err
	}
	manifest["name"], manifest["version"], manifest["optionalDependencies"] = npmName, r.version, optional
	delete(manifest, "private")
	delete(manifest, "devDependencies")
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(manifest); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "package.json"), text.Bytes(), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "LICENSE"), r.docs[0].data, 0o644); err != nil {
		return err
	}
	return run(folder, nil, "npm", "pack", "--silent", "--offline", "--pack-destination", r.out)
}
