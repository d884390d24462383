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
func (r *refresher) adoptOrphan(s *store.Snapshot) bool {
	for _, o := range r.m.store.Orphans() {
		f := &o.Login
		if !f.LastRefresh.After(s.Login.LastRefresh) || f.RefreshToken.IsZero() ||
			f.RefreshToken.Reveal() == s.Login.RefreshToken.Reveal() || !sameAccount(ownerOf(&s.Login), ownerOf(f)) {
			continue
		}
		r.m.masked.Add(o.Secrets...)
		text := []byte(s.Raw.Reveal())
		d := store.NewDocument(text)
		writeTokens(d, issuer.Tokens{ID: f.IDToken, Access: f.AccessToken, Refresh: f.RefreshToken}, f.LastRefresh)
		if r.m.store.Commit(text, d.Text) == nil {
			r.m.watch.notice(fmt.Sprintf("the newest login was found beside %s, where a process that was killed had left it", r.m.path))
			_ = os.Remove(o.Orphan)
			r.m.view.stored()
			return true
		}
	}
	return false
}
