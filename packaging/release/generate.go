package main

import (
	"bytes"
	"embed"
	"path"
	"text/template"
)

//go:embed templates
var templates embed.FS

// generate writes what other programs install from: the formula of Homebrew, the
// manifest of Scoop, and install.sh. They hold the checksums of the archives.
func (r *release) generate() error {
	sums, err := r.sums()
	if err != nil {
		return err
	}
	key, err := r.publicKey()
	if err != nil {
		return err
	}
	data := map[string]any{"Version": r.version, "URL": r.url, "Key": key, "Description": description}
	for _, t := range targets {
		name := "signalbox_" + r.version + "_" + t.String()
		if t.os == "windows" {
			name += ".zip"
		} else {
			name += ".tar.gz"
		}
		data[t.String()] = map[string]string{"URL": r.url + "/" + name, "Sum": sums[name]}
	}
	for _, name := range []string{"signalbox.rb", "signalbox.json", "install.sh"} {
		text, err := filled(name, data)
		if err != nil {
			return err
		}
		if err := r.write(name, text); err != nil {
			return err
		}
	}
	return nil
}

// filled returns the template name with data in it.
func filled(name string, data map[string]any) ([]byte, error) {
	t, err := template.New(path.Base(name)).Delims("<<", ">>").Option("missingkey=error").ParseFS(templates, "templates/"+name)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, data)
	return b.Bytes(), err
}
