package auth

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"html"
	"net/http"
	"strconv"
	"sync"

	"github.com/signalbox-dev/signalbox/protocol"
)

// page is what the browser shows at the end of a login, or when something else
// than its end has come. It holds no token, no code and no state.
type page struct {
	status int
	title  string
	text   string
	action string // what a person can do; may be ""
}

const pageStyle = "body{font:16px/1.5 system-ui,sans-serif;max-width:34em;margin:15vh auto;padding:0 1em;" +
	"color:#222;background:#fff}h1{font-size:1.4em}@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}}"

// html writes the page. Without html/template: that would keep every exported
// method in the binary, for 2 MB and a tenth of the start.
func (p page) html() string {
	title, action := html.EscapeString(p.title), ""
	if p.action != "" {
		action = "<p>" + html.EscapeString(p.action) + "</p>"
	}
	return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>` + title + ` - signalbox</title><style>` + pageStyle + `</style></head>
<body><h1>` + title + `</h1><p>` + html.EscapeString(p.text) + `</p>` + action + `</body></html>
`
}

// pagePolicy lets a page load and run nothing but its one style (CSP 3).
var pagePolicy = sync.OnceValue(func() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
})

// write sends the page and flushes it: when write returns, the system has all of
// it and the listener may be closed.
func (p page) write(w http.ResponseWriter) {
	body := p.html()
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Content-Security-Policy", pagePolicy())
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer") // the address holds the code
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Connection", "close")
	w.WriteHeader(p.status)
	_, _ = w.Write([]byte(body))
	_ = http.NewResponseController(w).Flush()
}

// savedPage is for the user whose login is saved, whatever becomes of a key for
// it. account says whose it is; "" where the tokens do not.
func savedPage(account string) page {
	p := page{
		status: http.StatusOK,
		title:  "You are logged in",
		text:   "signalbox has stored the login. You can close this page and go back to your program.",
	}
	if account != "" {
		p.text = "signalbox has stored the login of " + account + ". You can close this page and go back to your program."
		p.action = "If this is not your account, run `signalbox logout`: somebody else has finished the login."
	}
	return p
}

// reusedPage is for the second visitor of a start page; the login has ended.
func reusedPage() page {
	return page{
		status: http.StatusForbidden,
		title:  "The login has ended",
		text:   "The start page of a login can be opened in one browser only, and it was opened twice.",
		action: "Nothing was changed. Log in again.",
	}
}

// failedPage returns the page that says how the login failed.
func failedPage(err error) page {
	p := page{
		status: http.StatusOK, // as Codex: a browser may show a page of its own for another one
		title:  "The login failed",
		text:   err.Error(),
	}
	if known, ok := errors.AsType[*protocol.Error](err); ok {
		p.action = known.Data.Action
	}
	return p
}

// strangerPage is for a request that does not belong to the login that waits.
func strangerPage(text string) page {
	return page{
		status: http.StatusBadRequest,
		title:  "This page does not belong to the login in progress",
		text:   text,
		action: "Nothing was changed, and the login is still in progress. Use the page that it opened.",
	}
}
