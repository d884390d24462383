package issuer

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
	"github.com/signalbox-dev/signalbox/protocol"
)

// Grant is an authorization code, with what is needed to redeem it.
type Grant struct {
	Code, RedirectURI, Verifier string
}

// The form of an exchange (RFC 8693, 2.1) as Codex sends it: the parameter that
// names the wanted token is requested_token, not requested_token_type.
const (
	grantExchange  = "urn:ietf:params:oauth:grant-type:token-exchange"
	idTokenType    = "urn:ietf:params:oauth:token-type:id_token"
	requestedToken = "openai-api-key"
)

// scope is what Codex asks for.
const scope = "openid profile email offline_access api.connectors.read api.connectors.invoke"

// AuthorizeURL returns the URL to open in a browser, with the parameters of Codex in
// its order. workspaces restricts the accounts that may be chosen; nil for any.
func (c *Client) AuthorizeURL(redirectURI, state string, p PKCE, workspaces []string) string {
	return c.Endpoint.URL + "/oauth/authorize?response_type=code&" + form([][2]string{
		{"client_id", c.Endpoint.ClientID},
		{"redirect_uri", redirectURI},
		{"code_challenge", p.Challenge},
		{"code_challenge_method", "S256"},
		{"state", state},
		{"scope", scope},
		{"id_token_add_organizations", "true"},
		{"codex_cli_simplified_flow", "true"},
		{"originator", c.Originator},
		{"allowed_workspace_id", strings.Join(workspaces, ",")},
	})
}

// form writes the fields that are not empty, in their order.
func form(fields [][2]string) string {
	var b strings.Builder
	for _, f := range fields {
		if f[1] == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(f[0] + "=" + url.QueryEscape(f[1]))
	}
	return b.String()
}

// RedeemCode trades a code for tokens (RFC 6749, 4.1.3; RFC 7636, 4.5). An answer
// that lacks one of the three is an error of reason bad_answer.
func (c *Client) RedeemCode(ctx context.Context, g Grant) (Tokens, error) {
	values := url.Values{
		"grant_type":    {"authorization_code"},
		"client_id":     {c.Endpoint.ClientID},
		"code":          {g.Code},
		"redirect_uri":  {g.RedirectURI},
		"code_verifier": {g.Verifier},
	}
	got, err := c.post(ctx, c.Endpoint.URL+"/oauth/token", formType, []byte(values.Encode()), nil)
	if err != nil {
		return Tokens{}, err
	}
	var sent struct {
		ID      string `json:"id_token"`
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	if json.Unmarshal(got.text, &sent) != nil || sent.ID == "" || sent.Access == "" || sent.Refresh == "" {
		return Tokens{}, BadAnswer()
	}
	return Tokens{ID: protocol.NewSecret(sent.ID), Access: protocol.NewSecret(sent.Access), Refresh: protocol.NewSecret(sent.Refresh)}, nil
}

// Refresh trades a refresh token for new tokens (RFC 6749, 6), as the client that
// it was issued to. why is Codex's refresh_reason. The access token is always
// there; an id_token that Codex could not read is left out.
func (c *Client) Refresh(ctx context.Context, clientID string, refreshToken protocol.Secret, why string) (Tokens, error) {
	got, err := c.postJSON(ctx, c.Endpoint.RefreshURL, map[string]string{
		"client_id":      clientID,
		"grant_type":     "refresh_token",
		"refresh_reason": why,
		"refresh_token":  refreshToken.Reveal(),
	}, true)
	if err != nil {
		return Tokens{}, err
	}
	fresh, ok := readRefreshed(got.text)
	if !ok {
		return Tokens{}, (&Error{Status: 200, RequestID: got.requestID}).badAnswer()
	}
	fresh.RequestID = got.requestID
	return fresh, nil
}

// readRefreshed takes the tokens out of an answer. ok is false when it has no
// access token, or tokens that cannot be sent: then nothing of it is kept.
func readRefreshed(text []byte) (fresh Tokens, ok bool) {
	members, _, err := rawjson.Object(text, maxDepth, nil)
	if err != nil {
		return Tokens{}, false
	}
	one := func(name string) (protocol.Secret, bool) {
		m, found := rawjson.Find(members, name)
		if !found || string(m.Value) == "null" {
			return protocol.Secret{}, true
		}
		value, isText := rawjson.Unquote(m.Value)
		token := protocol.NewSecret(value)
		return token, isText && (value == "" || IsSendable(token))
	}
	id, okID := one("id_token")
	access, okAccess := one("access_token")
	refresh, okRefresh := one("refresh_token")
	if !okAccess || !okRefresh || access.IsZero() {
		return Tokens{}, false
	}
	if !okID || !IsReadable(id) {
		id = protocol.Secret{}
	}
	return Tokens{ID: id, Access: access, Refresh: refresh}, true
}

// Exchange trades an id_token for a Platform API key (RFC 8693), as the client
// that it was issued to. What is not a key is a refusal: a token must not be used
// as a key.
func (c *Client) Exchange(ctx context.Context, clientID string, idToken protocol.Secret) (key protocol.Secret, err error) {
	body := form([][2]string{ // in Codex's order
		{"grant_type", grantExchange},
		{"client_id", clientID},
		{"requested_token", requestedToken},
		{"subject_token", idToken.Reveal()},
		{"subject_token_type", idTokenType},
	})
	got, err := c.post(ctx, c.Endpoint.URL+"/oauth/token", formType, []byte(body), nil)
	if err != nil {
		return protocol.Secret{}, err
	}
	members, _, _ := rawjson.Object(got.text, maxDepth, nil)
	value, _ := rawjson.Find(members, "access_token")
	word, _ := rawjson.Unquote(value.Value)
	key = protocol.NewSecret(strings.TrimSpace(word))
	if !IsAPIKey(key) {
		return protocol.Secret{}, &Error{Verdict: Refused, Status: 200}
	}
	return key, nil
}

// Revoke asks the issuer to forget the refresh token, or the access token where
// there is not one (RFC 7009), as Codex does.
func (c *Client) Revoke(ctx context.Context, clientID string, tokens Tokens) error {
	request := map[string]string{
		"token": tokens.Refresh.Reveal(), "token_type_hint": "refresh_token", "client_id": clientID,
	}
	if tokens.Refresh.IsZero() {
		request = map[string]string{"token": tokens.Access.Reveal(), "token_type_hint": "access_token"}
	}
	_, err := c.postJSON(ctx, c.Endpoint.RevokeURL, request, true)
	return err
}
