package auth

import (
	"fmt"
	"os"

	"github.com/signalbox-dev/signalbox/auth/issuer"
	"github.com/signalbox-dev/signalbox/auth/store"
)

// adoptOrphan puts the tokens of an orphan into the store, when they are of the
// same account as s and newer. It is for a login whose refresh token has been
// spent and that would be lost otherwise; the caller holds the refresh lock.
func (m *Manager) adoptOrphan(s *store.Snapshot) bool {
	for _, o := range m.store.Orphans() {
		f := &o.Login
		if !f.LastRefresh.After(s.Login.LastRefresh) || f.RefreshToken.IsZero() ||
			f.RefreshToken.Reveal() == s.Login.RefreshToken.Reveal() || !sameAccount(ownerOf(&s.Login), ownerOf(f)) {
			continue
		}
		m.masked.Add(o.Secrets...)
		text := []byte(s.Raw.Reveal())
		d := store.NewDocument(text)
		writeTokens(d, issuer.Tokens{ID: f.IDToken, Access: f.AccessToken, Refresh: f.RefreshToken}, f.LastRefresh)
		if m.store.Commit(text, d.Text) == nil {
			m.notice(fmt.Sprintf("the newest login was found beside %s, where a process that was killed had left it", m.path))
			_ = os.Remove(o.Orphan)
			m.stored()
			return true
		}
	}
	return false
}
