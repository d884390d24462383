package auth

import (
	"crypto/subtle"
	"net/http"
	"sync"

	"github.com/signalbox-dev/signalbox/auth/issuer"
)

// startCookie marks the browser that was the first to open the start page.
const startCookie = "signalbox_login"

// startPage is the address that a program is given to open. It sends its first
// visitor on to the issuer, so that state and challenge are in the arguments of no
// program, which every user of the machine can read (docs/security.md: Logging in).
type startPage struct {
	path   string
	cookie string
	to     string // the issuer's page

	mu      sync.Mutex
	visited bool
}

func newStartPage(to string) *startPage {
	return &startPage{path: "/start/" + issuer.RandomText(32), cookie: issuer.RandomText(32), to: to}
}

// admit reports whether a visitor is the first one, or the same browser again.
func (s *startPage) admit(r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := !s.visited
	s.visited = true
	if first {
		return true
	}
	c, err := r.Cookie(startCookie)
	return err == nil && subtle.ConstantTimeCompare([]byte(c.Value), []byte(s.cookie)) == 1
}

// send sends the browser on to the issuer.
func (s *startPage) send(w http.ResponseWriter) {
	http.SetCookie(w, &http.Cookie{Name: startCookie, Value: s.cookie, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	h := w.Header()
	h.Set("Location", s.to)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Connection", "close")
	w.WriteHeader(http.StatusFound)
}
