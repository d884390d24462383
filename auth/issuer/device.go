package issuer

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

// The paths of OpenAI's own device login. It resembles RFC 8628, except that the
// server makes the PKCE pair.
const (
	deviceCodePath  = "/api/accounts/deviceauth/usercode"
	deviceTokenPath = "/api/accounts/deviceauth/token"
	devicePage      = "/codex/device"
	deviceCallback  = "/deviceauth/callback"

	// deviceInterval is the pause between two requests when the issuer names none
	// (RFC 8628, 3.2); a pause that it names is bounded by the two others.
	deviceInterval    = 5 * time.Second
	minDeviceInterval = 1 * time.Second
	// MaxDeviceInterval is the longest pause between two requests.
	MaxDeviceInterval = 60 * time.Second
)

// userCodeShape is what we show to a person: anything else could write to a
// terminal.
var userCodeShape = lazyregexp.New(`^[A-Za-z0-9][A-Za-z0-9 -]{0,62}[A-Za-z0-9]$`)

// DeviceCode is a device login that has begun.
type DeviceCode struct {
	ID       protocol.Secret
	UserCode string
	// Interval is the pause between two calls of DeviceToken.
	Interval time.Duration
}

// VerificationURL returns the page on which a person enters a user code.
func (c *Client) VerificationURL() string { return c.Endpoint.URL + devicePage }

// DeviceCode begins a device login. An answer without a user code that can be shown
// is an error of reason bad_answer.
func (c *Client) DeviceCode(ctx context.Context) (DeviceCode, error) {
	got, err := c.postJSON(ctx, c.Endpoint.URL+deviceCodePath, map[string]string{
		"client_id": c.Endpoint.ClientID,
	}, false)
	if err != nil {
		return DeviceCode{}, err
	}
	var sent struct {
		ID       string          `json:"device_auth_id"`
		UserCode string          `json:"user_code"`
		Alias    string          `json:"usercode"`
		Interval json.RawMessage `json:"interval"`
	}
	err = json.Unmarshal(got.text, &sent)
	if sent.UserCode == "" {
		sent.UserCode = sent.Alias
	}
	if err != nil || sent.ID == "" || !userCodeShape().MatchString(sent.UserCode) {
		return DeviceCode{}, BadAnswer()
	}
	return DeviceCode{protocol.NewSecret(sent.ID), sent.UserCode, interval(sent.Interval)}, nil
}

// interval reads the pause that the issuer asks for: seconds, as a number or as a
// string that holds one.
func interval(raw json.RawMessage) time.Duration {
	seconds, err := strconv.ParseFloat(strings.Trim(string(raw), `" `), 64)
	if err != nil || seconds != seconds {
		return deviceInterval
	}
	return time.Duration(min(max(seconds, minDeviceInterval.Seconds()), MaxDeviceInterval.Seconds()) * float64(time.Second))
}

// DeviceToken asks once whether the user has agreed, and returns the grant if so.
// Otherwise see [Error.IsPending] and [Error.IsSlowDown].
func (c *Client) DeviceToken(ctx context.Context, d DeviceCode) (Grant, error) {
	got, err := c.postJSON(ctx, c.Endpoint.URL+deviceTokenPath, map[string]string{
		"device_auth_id": d.ID.Reveal(), "user_code": d.UserCode,
	}, false)
	if err != nil {
		return Grant{}, err
	}
	var sent struct {
		Code     string `json:"authorization_code"`
		Verifier string `json:"code_verifier"`
	}
	if json.Unmarshal(got.text, &sent) != nil || sent.Code == "" || sent.Verifier == "" {
		return Grant{}, BadAnswer()
	}
	return Grant{sent.Code, c.Endpoint.URL + deviceCallback, sent.Verifier}, nil
}

// IsDeviceDisabled reports whether the issuer offers no login by device code: it
// says so with the status alone. A page, or a code that says something else, such
// as a region that is not served, does not mean that.
func (e *Error) IsDeviceDisabled() bool { return e.isByStatus() }

// IsPending reports whether the user has not agreed yet. OpenAI says so with the
// status, alone or with a code of its own.
func (e *Error) IsPending() bool {
	return e.Code == "authorization_pending" /* RFC 8628, 3.5 */ || e.isByStatus()
}

// isByStatus reports whether the issuer answered with 403 or 404 and with no code,
// or a code of the device login itself.
func (e *Error) isByStatus() bool {
	if e.isPage || e.Code != "" && !strings.HasPrefix(e.Code, "device") && !strings.HasPrefix(e.Code, "not_found") {
		return false
	}
	return e.Status == http.StatusForbidden || e.Status == http.StatusNotFound
}

// IsSlowDown reports whether the issuer is asked too often, or fails for a
// while; no answer counts as both (RFC 8628, 3.5).
func (e *Error) IsSlowDown() bool {
	return e.Code == "slow_down" || e.Status == 0 && e.Reason != protocol.ReasonTLS && e.Reason != protocol.ReasonBadAnswer ||
		e.Status == http.StatusTooManyRequests || e.Status >= 500
}
