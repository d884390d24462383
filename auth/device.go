package auth

import (
	"context"
	"time"

	"github.com/signalbox-dev/signalbox/auth/issuer"
	"github.com/signalbox-dev/signalbox/protocol"
)

const (
	// deviceLife is how long the issuer keeps a device code.
	deviceLife = 15 * time.Minute
	// deviceSlowDown is added for good by each answer that asks for it (RFC 8628,
	// 3.5).
	deviceSlowDown = 5 * time.Second
)

// deviceCode asks for a device login. The error is 1004, 1005 device_disabled or
// code_exchange_failed, or -32800.
func (s *logins) deviceCode(ctx context.Context) (issuer.DeviceCode, error) {
	d, err := s.m.issuer.DeviceCode(ctx)
	if err == nil {
		s.m.masked.Add(d.ID)
		return d, nil
	}
	e := asIssuerError(err)
	switch {
	case ctx.Err() != nil:
		return issuer.DeviceCode{}, protocol.Cancelled()
	case e.IsDeviceDisabled():
		failure := loginFailed(protocol.ReasonDeviceDisabled, "the issuer does not offer the login by device code",
			"Log in with the browser, or allow device codes in the security settings of ChatGPT")
		failure.Data.HTTPStatus, failure.Data.Upstream = e.Status, s.m.issuerSaid(e)
		failure.Data.LoginMethods = []string{protocol.LoginBrowser, protocol.LoginAPIKey}
		return issuer.DeviceCode{}, failure
	}
	return issuer.DeviceCode{}, s.refused(e, "no device code was issued")
}

// poll asks until the user has agreed, and redeems the code. It ends with the
// login.
func (l *Login) poll(running context.Context, d issuer.DeviceCode) {
	m := l.manager
	pause := d.Interval
	for {
		select {
		case <-time.After(pause):
		case <-running.Done():
			return
		}
		grant, err := m.issuer.DeviceToken(running, d)
		if err == nil {
			if l.take(running) {
				defer l.give()
				l.settle(l.redeem(grant))
			}
			return
		}
		e := asIssuerError(err)
		switch {
		case running.Err() != nil:
			return
		case e.IsPending():
		case e.IsSlowDown():
			pause = min(max(pause+deviceSlowDown, e.RetryAfter), issuer.MaxDeviceInterval)
		default:
			l.settle(m.logins.deviceRefused(e))
			return
		}
	}
}

// deviceRefused is the end of a login for which the issuer returns no code.
func (s *logins) deviceRefused(e *issuer.Error) *protocol.Error {
	switch e.Code {
	case "access_denied":
		return s.denied(e.Code, e.Message)
	case "expired_token":
		return expiredLogin()
	}
	return s.refused(e, "the login by device code could not be finished")
}
