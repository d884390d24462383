package auth

import (
	"context"
	"errors"
	"net/url"

	"github.com/signalbox-dev/signalbox/auth/issuer"
	"github.com/signalbox-dev/signalbox/protocol"
)

// arrive answers the browser that has come back.
func (l *Login) arrive(query url.Values) page {
	a, err := readAnswer(query, l.state, l.manager.issuer.Endpoint.URL)
	var stranger strangerError
	if errors.As(err, &stranger) {
		return strangerPage(stranger.Error())
	}
	over := l.settled
	if l.take(context.Background()) {
		switch {
		case err != nil:
			l.settle(wrongIssuer())
			l.give()
		case a.failure != "":
			l.settle(l.manager.logins.denied(a.failure, a.failureDetail))
			l.give()
		default: // behind the page, which need not wait for a key
			over = make(chan struct{})
			go func() {
				defer l.give()
				defer close(over)
				l.settle(l.redeem(issuer.Grant{Code: a.code, RedirectURI: l.redirect, Verifier: l.pkce.Verifier}))
			}()
		}
	}
	select {
	case <-l.saved:
	case <-over:
	case <-l.dropped: // by the user; where the process ends, it is saved all the same
	}
	select {
	case <-l.saved:
		l.mu.Lock()
		defer l.mu.Unlock()
		return savedPage(l.account)
	default:
		return failedPage(l.Err())
	}
}

// startReused ends the login whose start page somebody else has opened before, or
// opens now: one of the two would log this user in as somebody else.
func (l *Login) startReused() page {
	l.Cancel(loginFailed(protocol.ReasonStartReused, "the start page of this login was opened twice, by two browsers or programs",
		"Log in again, and open its page once; if you did, another program on this machine opens it too"))
	return reusedPage()
}

// Complete ends a browser login with the query of the address that the browser
// has come to, on this machine or another. A wrong state and a code that the
// issuer refuses fail this call alone. When ctx ends before the code is
// redeemed, the login goes on; the error is then -32800.
func (l *Login) Complete(ctx context.Context, query url.Values) error {
	a, err := readAnswer(query, l.state, l.manager.issuer.Endpoint.URL)
	var stranger strangerError
	switch {
	case errors.As(err, &stranger):
		return loginFailed(protocol.ReasonStateMismatch, stranger.Error(),
			"Paste the whole address that the browser has ended on")
	case err != nil:
		return wrongIssuer()
	}
	if !l.take(ctx) {
		if ctx.Err() != nil {
			return protocol.Cancelled()
		}
		return l.Err()
	}
	failed := make(chan error, 1)
	go func() {
		defer l.give()
		if a.failure != "" {
			l.settle(l.manager.logins.denied(a.failure, a.failureDetail))
			return
		}
		err := l.redeem(issuer.Grant{Code: a.code, RedirectURI: l.redirect, Verifier: l.pkce.Verifier})
		if err != nil && !l.Stored() {
			failed <- err
			return
		}
		l.settle(err)
	}()
	select {
	case err := <-failed:
		return err
	case <-l.settled:
		return l.Err()
	case <-ctx.Done():
		return protocol.Cancelled()
	}
}
