package auth

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A process that is killed between the answer of the issuer and the rename leaves
// its temporary file behind, with tokens that nobody else has. Codex writes its
// own in the same way.

// orphans implements store.
func (s *fileStore) orphans() []*snapshot {
	target, err := resolveLinks(s.path)
	if err != nil {
		return nil
	}
	entries, err := os.ReadDir(filepath.Dir(target))
	if err != nil {
		return nil
	}
	var found []*snapshot
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !strings.HasPrefix(e.Name(), tempPrefix) || !info.Mode().IsRegular() || !isOurs(info) {
			continue
		}
		path := filepath.Join(filepath.Dir(target), e.Name())
		if o := readOnce(path); o.err == nil && o.file.hasTokens() {
			o.orphan = path
			found = append(found, o)
		}
	}
	slices.SortFunc(found, func(a, b *snapshot) int { return b.file.lastRefresh.Compare(a.file.lastRefresh) })
	return found
}

// adoptOrphan puts the tokens of an orphan into the store, when they are of the
// same account as s and newer. It is for a login whose refresh token has been
// spent and that would be lost otherwise; the caller holds the refresh lock.
func (m *Manager) adoptOrphan(s *snapshot) bool {
	for _, o := range m.store.orphans() {
		f := &o.file
		if !f.lastRefresh.After(s.file.lastRefresh) || f.refreshToken.IsZero() ||
			f.refreshToken.Reveal() == s.file.refreshToken.Reveal() || !sameAccount(ownerOf(&s.file), ownerOf(f)) {
			continue
		}
		m.masked.Add(o.secrets...)
		text := []byte(s.raw.Reveal())
		d := newDocument(text)
		(&renewed{f.idToken, f.accessToken, f.refreshToken}).write(d, f.lastRefresh)
		if m.store.commit(text, d.text) == nil {
			m.notice(fmt.Sprintf("the newest login was found beside %s, where a process that was killed had left it", m.path))
			_ = os.Remove(o.orphan)
			m.stored()
			return true
		}
	}
	return false
}
