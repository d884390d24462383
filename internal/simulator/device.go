package simulator

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"time"
)

// pendingPolls is how often a device login is asked for before its user has
// agreed.
const pendingPolls = 2

// device is a device login that waits for its user.
type device struct {
	userCode, client string
	polls            int
}

// authorizedDevice is the answer at the end of a device login: unlike in RFC 8628,
// the server makes the PKCE pair.
type authorizedDevice struct {
	Code      string `json:"authorization_code"`
	Challenge string `json:"code_challenge"`
	Verifier  string `json:"code_verifier"`
}

// deviceUserCode is POST /api/accounts/deviceauth/usercode.
func (x *visit) deviceUserCode() {
	sent, err := x.parameters()
	if err != nil || !clientID(sent["client_id"]) {
		x.refuse(http.StatusBadRequest, "invalid_client", "unknown client_id")
		return
	}
	id, userCode := x.server.ledger.beginDevice(sent["client_id"])
	x.json(http.StatusOK, struct {
		DeviceAuthID string `json:"device_auth_id"`
		UserCode     string `json:"user_code"`
		Interval     string `json:"interval"` // seconds, as a string
	}{id, userCode, "1"})
}

// deviceToken is POST /api/accounts/deviceauth/token.
func (x *visit) deviceToken() {
	sent, err := x.parameters()
	if err != nil {
		x.refuse(http.StatusBadRequest, "invalid_request", err.Error())
		return
	}
	done, refused := x.server.ledger.pollDevice(sent["device_auth_id"], sent["user_code"])
	if refused != nil {
		x.refuse(refused.status, refused.code, refused.message)
		return
	}
	x.json(http.StatusOK, done)
}

func (l *ledger) beginDevice(client string) (id, userCode string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	id = "deviceauth_" + Canary + "." + randomHex(16)
	shown := strings.ToUpper(randomHex(5))
	userCode = shown[:4] + "-" + shown[4:9]
	l.devices[id] = &device{userCode: userCode, client: client}
	return id, userCode
}

// pollDevice returns a code to redeem with `{issuer}/deviceauth/callback`, once.
func (l *ledger) pollDevice(id, userCode string) (authorizedDevice, *refusal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	d, known := l.devices[id]
	if !known || d.userCode != userCode {
		// Not 403 or 404: a client takes those for "not yet".
		return authorizedDevice{}, &refusal{http.StatusBadRequest, "deviceauth_invalid", "The device login is unknown or was completed before."}
	}
	if d.polls++; d.polls <= pendingPolls {
		return authorizedDevice{}, &refusal{http.StatusForbidden, "deviceauth_authorization_pending", "The device login was not authorized yet."}
	}
	delete(l.devices, id)
	done := authorizedDevice{
		Code:     "ac_" + Canary + "." + randomHex(16),
		Verifier: Canary + "." + randomHex(24),
	}
	sum := sha256.Sum256([]byte(done.Verifier))
	done.Challenge = base64.RawURLEncoding.EncodeToString(sum[:])
	l.codes[done.Code] = codeGrant{d.client, l.issuer + "/deviceauth/callback", done.Challenge, time.Now().Add(codeLife)}
	return done, nil
}
