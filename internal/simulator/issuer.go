package simulator

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

const (
	grantCode     = "authorization_code"
	grantRefresh  = "refresh_token"
	grantExchange = "urn:ietf:params:oauth:grant-type:token-exchange"
	idTokenType   = "urn:ietf:params:oauth:token-type:id_token"
)

// clientID takes Codex's own client and any other of its form: a client id can
// be overridden.
func clientID(id string) bool { return regexp.MustCompile(`^app_[A-Za-z0-9]+$`).MatchString(id) }

// oauthError is an error as RFC 6749, 5.2 has it.
func (x *visit) oauthError(status int, code, description string) {
	x.json(status, struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}{code, description})
}

// authorize is GET /oauth/authorize: a user who agrees at once.
func (x *visit) authorize() {
	asked, err := parameters(x.r.URL.RawQuery)
	if err != nil {
		x.oauthError(http.StatusBadRequest, "invalid_request", err.Error())
		return
	}
	redirect, redirectErr := url.Parse(asked["redirect_uri"])
	challenge := regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`) // RFC 7636, 4.2: base64url of a SHA-256
	switch {
	case asked["response_type"] != "code":
		x.oauthError(http.StatusBadRequest, "unsupported_response_type", "response_type must be code")
	case !clientID(asked["client_id"]):
		x.oauthError(http.StatusBadRequest, "invalid_client", "unknown client_id")
	case redirectErr != nil || !loopbackCallback(redirect):
		x.oauthError(http.StatusBadRequest, "invalid_request", "redirect_uri must be /auth/callback on loopback")
	case asked["code_challenge_method"] != "S256":
		x.oauthError(http.StatusBadRequest, "invalid_request", "code_challenge_method must be S256")
	case !challenge.MatchString(asked["code_challenge"]):
		x.oauthError(http.StatusBadRequest, "invalid_request", "code_challenge must be 43 characters of base64url")
	case asked["state"] == "":
		x.oauthError(http.StatusBadRequest, "invalid_request", "state is missing")
	default:
		code := x.server.ledger.authorize(asked["client_id"], asked["redirect_uri"], asked["code_challenge"])
		answer := url.Values{"code": {code}, "state": {asked["state"]}}
		maps.Copy(answer, x.server.scenario.callback)
		redirect.RawQuery = answer.Encode()
		x.w.Header().Set("location", redirect.String())
		x.w.WriteHeader(http.StatusFound)
	}
}

// loopbackCallback is the form of the redirect URI that Codex registered
// (RFC 8252, 7.3: any port).
func loopbackCallback(u *url.URL) bool {
	host := u.Hostname()
	return u.Scheme == "http" && (host == "127.0.0.1" || host == "localhost" || host == "::1") && u.Port() != "" &&
		u.Path == "/auth/callback" && u.RawQuery == "" && u.Fragment == "" && u.User == nil
}

// token is POST /oauth/token.
func (x *visit) token() {
	x.w.Header().Set("cache-control", "no-store")
	x.w.Header().Set("x-request-id", randomUUID())
	sent, err := x.parameters()
	if err != nil {
		x.oauthError(http.StatusBadRequest, "invalid_request", err.Error())
		return
	}
	form := x.mediaType() != "application/json"
	grant := sent["grant_type"]
	act := x.server.scenario.issuer[grant]
	switch {
	case !clientID(sent["client_id"]):
		x.oauthError(http.StatusUnauthorized, "invalid_client", "unknown client_id")
	case act != nil && !act(x): // which has answered
	case grant == grantCode && form:
		set, refused := x.server.ledger.redeem(sent["code"], sent["client_id"], sent["redirect_uri"], sent["code_verifier"])
		if refused != nil {
			x.oauthError(refused.status, refused.code, refused.message)
			return
		}
		x.json(http.StatusOK, set)
	case grant == grantRefresh:
		set, refused := x.server.ledger.rotate(sent["refresh_token"], sent["client_id"])
		if refused != nil {
			x.refuse(refused.status, refused.code, refused.message)
			return
		}
		x.json(http.StatusOK, set)
	case grant == grantExchange && form:
		x.tokenExchange(sent)
	default:
		x.oauthError(http.StatusBadRequest, "unsupported_grant_type", "grant_type is not supported in this content type")
	}
}

// tokenExchange is RFC 8693 as OpenAI has it: the parameter is requested_token.
func (x *visit) tokenExchange(sent map[string]string) {
	if sent["requested_token"] != "openai-api-key" || sent["subject_token_type"] != idTokenType {
		x.oauthError(http.StatusBadRequest, "invalid_request", "only an id_token is exchanged, for an openai-api-key")
		return
	}
	key, refused := x.server.ledger.exchange(sent["subject_token"], sent["client_id"])
	if refused != nil {
		x.refuse(refused.status, refused.code, refused.message)
		return
	}
	x.json(http.StatusOK, struct {
		AccessToken string `json:"access_token"`
	}{key})
}

// revoke is POST /oauth/revoke.
func (x *visit) revoke() {
	sent, err := x.parameters()
	if err != nil || sent["token"] == "" {
		x.oauthError(http.StatusBadRequest, "invalid_request", "token is missing")
		return
	}
	x.server.ledger.revoke(sent["token"])
	x.json(http.StatusOK, struct{}{})
}

// parameters reads a body that is a form or a JSON object of strings.
func (x *visit) parameters() (map[string]string, error) {
	switch x.mediaType() {
	case "application/x-www-form-urlencoded":
		return parameters(string(x.body))
	case "application/json":
		var sent map[string]string
		if err := json.Unmarshal(x.body, &sent); err != nil {
			return nil, errors.New("the body is not an object of strings")
		}
		return sent, nil
	}
	return nil, errors.New("the body is neither a form nor JSON")
}

// parameters reads a query in which no parameter may stand twice (RFC 6749, 3.1).
func parameters(query string) (map[string]string, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, errors.New("the parameters are not urlencoded")
	}
	single := map[string]string{}
	for name, all := range values {
		if len(all) > 1 {
			return nil, errors.New("repeated parameter " + strings.ToValidUTF8(name, "?"))
		}
		single[name] = all[0]
	}
	return single, nil
}
