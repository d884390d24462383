package auth

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/signalbox-dev/signalbox/internal/lazyregexp"
	"github.com/signalbox-dev/signalbox/protocol"
)

// OpenAI's own device login, which is not that of RFC 8628 but much like it: the
// server makes the PKCE pair.
const (
	deviceCodePath  = "/api/accounts/deviceauth/usercode"
	deviceTokenPath = "/api/accounts/deviceauth/token"
	devicePage      = "/codex/device"
	deviceCallback  = "/deviceauth/callback"

	// deviceLife is how long the issuer keeps a device code.
	deviceLife = 15 * time.Minute
	// deviceInterval is the pause between two requests where the issuer names none
	// (RFC 8628, 3.2); what it names is kept between the two others.
	deviceInterval    = 5 * time.Second
	minDeviceInterval = 1 * time.Second
	maxDeviceInterval = 60 * time.Second
	// deviceSlowDown is added for good by each answer that asks for it (3.5).
	deviceSlowDown = 5 * time.Second
)

// userCodeShape is what we show to a person: anything else could write to a
// terminal.
var userCodeShape = lazyregexp.New(`^[A-Za-z0-9][A-Za-z0-9 -]{0,62}[A-Za-z0-9]$`)

// deviceCode is a device login that the issuer knows.
type deviceCode struct {
	id       Secret
	userCode string
	interval time.Duration
}

// deviceCode asks for a device login. The error is 1004, 1005 device_disabled or
// code_exchange_failed, or -32800.
func (m *Manager) deviceCode(ctx context.Context) (deviceCode, *protocol.Error) {
	text, e := m.issuer.postJSON(ctx, m.cfg.Issuer.URL+deviceCodePath, map[string]string{
		"client_id": m.cfg.Issuer.ClientID,
	}, false)
	switch {
	case e != nil && ctx.Err() != nil:
		return deviceCode{}, protocol.Cancelled()
	case e != nil && (e.status == http.StatusNotFound || e.status == http.StatusForbidden):
		failure := loginFailed(protocol.ReasonDeviceDisabled, "the issuer does not offer the login by device code",
			"Log in with the browser, or allow device codes in the security settings of ChatGPT")
		failure.Data.HTTPStatus, failure.Data.Upstream = e.status, m.issuerSaid(e)
		failure.Data.LoginMethods = []string{protocol.LoginBrowser, protocol.LoginAPIKey}
		return deviceCode{}, failure
	case e != nil:
		return deviceCode{}, m.loginRefused(e, "no device code could be had")
	}
	var sent struct {
		ID       string          `json:"device_auth_id"`
		UserCode string          `json:"user_code"`
		Alias    string          `json:"usercode"`
		Interval json.RawMessage `json:"interval"`
	}
	err := json.Unmarshal(text, &sent)
	if sent.UserCode == "" {
		sent.UserCode = sent.Alias
	}
	if err != nil || sent.ID == "" || !userCodeShape().MatchString(sent.UserCode) {
		return deviceCode{}, m.unavailable((&issuerError{}).misunderstood())
	}
	d := deviceCode{protocol.NewSecret(sent.ID), sent.UserCode, interval(sent.Interval)}
	m.masked.Add(d.id)
	return d, nil
}

// interval reads the pause that the issuer asks for: seconds, as a number or as a
// string that holds one.
func interval(raw json.RawMessage) time.Duration {
	seconds, err := strconv.ParseFloat(strings.Trim(string(raw), `" `), 64)
	if err != nil || seconds != seconds {
		return deviceInterval
	}
	return time.Duration(min(max(seconds, minDeviceInterval.Seconds()), maxDeviceInterval.Seconds()) * float64(time.Second))
}

// poll asks until the user has agreed, and redeems the code. It ends with the
// login.
func (l *Login) poll(running context.Context, d deviceCode) {
	m := l.manager
	pause := d.interval
	for {
		select {
		case <-time.After(pause):
		case <-running.Done():
			return
		}
		text, e := m.issuer.postJSON(running, m.cfg.Issuer.URL+deviceTokenPath, map[string]string{
			"device_auth_id": d.id.Reveal(), "user_code": d.userCode,
		}, false)
		switch {
		case running.Err() != nil:
			return
		case e == nil:
			l.deviceAgreed(running, text)
			return
		case isPending(e):
		case isSlowDown(e):
			pause = min(max(pause+deviceSlowDown, e.retryAfter), maxDeviceInterval)
		default:
			l.settle(m.deviceRefused(e))
			return
		}
	}
}

// isPending: the user has not agreed yet. OpenAI says so with the status alone.
func isPending(e *issuerError) bool {
	switch e.code {
	case "access_denied", "expired_token", "slow_down":
		return false
	case "authorization_pending": // RFC 8628, 3.5
		return true
	}
	return e.status == http.StatusForbidden || e.status == http.StatusNotFound
}

// isSlowDown: the issuer is asked too often, or has a bad time; so also when no
// answer came (RFC 8628, 3.5).
func isSlowDown(e *issuerError) bool {
	return e.code == "slow_down" || e.status == 0 && e.reason != protocol.ReasonTLS ||
		e.status == http.StatusTooManyRequests || e.status >= 500
}

// deviceRefused is the end of a login that the issuer gives no code for.
func (m *Manager) deviceRefused(e *issuerError) *protocol.Error {
	switch e.code {
	case "access_denied":
		return m.denied(e.code, e.message)
	case "expired_token":
		return expiredLogin()
	}
	return m.loginRefused(e, "the login by device code could not be finished")
}

// deviceAgreed redeems the code of a device login that the user has agreed to.
func (l *Login) deviceAgreed(running context.Context, text []byte) {
	var sent struct {
		Code     string `json:"authorization_code"`
		Verifier string `json:"code_verifier"`
	}
	if json.Unmarshal(text, &sent) != nil || sent.Code == "" || sent.Verifier == "" {
		l.settle(l.manager.unavailable((&issuerError{}).misunderstood()))
		return
	}
	if !l.take(running) {
		return
	}
	defer l.give()
	l.settle(l.redeem(grant{sent.Code, l.manager.cfg.Issuer.URL + deviceCallback, sent.Verifier}))
}
