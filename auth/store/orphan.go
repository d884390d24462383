package store

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A process that is killed between the answer of the issuer and the rename leaves
// its temporary file behind, with tokens that nobody else has. Codex writes its
// own in the same way.

// orphans is Store.Orphans for auth.json.
func (s *fileStore) orphans() []*Snapshot {
	target, err := resolveLinks(s.path)
	if err != nil {
		return nil
	}
	entries, err := os.ReadDir(filepath.Dir(target))
	if err != nil {
		return nil
	}
	var found []*Snapshot
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !strings.HasPrefix(e.Name(), tempPrefix) || !info.Mode().IsRegular() || !isOurs(info) {
			continue
		}
		path := filepath.Join(filepath.Dir(target), e.Name())
		if o := readOnce(path); o.Err == nil && o.Login.HasTokens() {
			o.Orphan = path
			found = append(found, o)
		}
	}
	slices.SortFunc(found, func(a, b *Snapshot) int { return b.Login.LastRefresh.Compare(a.Login.LastRefresh) })
	return found
}
