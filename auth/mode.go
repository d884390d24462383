package auth

import (
	"context"
	"fmt"
	"strings"

	"github.com/signalbox-dev/signalbox/internal/lazyregexp"
	"github.com/signalbox-dev/signalbox/protocol"
)

// The values of auth_mode that we serve; Codex writes them so, all lower-case.
const (
	authModeChatGPT = "chatgpt"
	authModeAPIKey  = "apikey"
)

// foreignMembers hold credentials that we do not serve. Codex writes some of
// them without auth_mode and then looks for them in this order, before it looks
// at OPENAI_API_KEY and tokens.
var foreignMembers = []struct{ member, mode string }{
	{"personal_access_token", "personalAccessToken"},
	{"bedrock_api_key", "bedrockApiKey"},
	{"bedrock_access_keys", "bedrockAccessKeys"},
	{"agent_identity", "agentIdentity"},
}

// modeName is what an auth_mode looks like; another value is not repeated in a
// message.
var modeName = lazyregexp.New(`^[A-Za-z]{1,32}$`)

// unsupportedMode is the 1003 of a file whose credentials are of a kind that
// only Codex serves (contract 5); nil when we serve it. An auth_mode that we do
// not know is one of those: newer Codexes may mean anything by it.
func unsupportedMode(top *object) *protocol.Error {
	mode := ""
	if top.value("auth_mode") != nil {
		mode = top.text("auth_mode")
		switch {
		case mode == authModeChatGPT || mode == authModeAPIKey:
			return nil
		case modeName().MatchString(mode):
			mode = fmt.Sprintf("%q", mode)
		default:
			mode = "of an unknown kind"
		}
	} else {
		for _, f := range foreignMembers {
			if top.value(f.member) != nil {
				mode = fmt.Sprintf("%q by its member %s", f.mode, f.member)
				break
			}
		}
		if mode == "" {
			return nil
		}
	}
	return protocol.NewError(protocol.CodeCredentialStore,
		fmt.Sprintf("the auth_mode of %s is %s, which signalbox does not serve", top.path, mode),
		protocol.ErrorData{
			Reason: protocol.ReasonUnsupportedAuthMode,
			Action: "Run `signalbox login` with a ChatGPT account or an API key",
			Path:   top.path,
		})
}

// Values of Config.AccountMode.
const (
	accountModeAuto    = "auto"
	accountModePlan    = "plan"
	accountModeChatGPT = string(protocol.ModeChatGPT)
	accountModeAPIKey  = string(protocol.ModeAPIKey)
)

// Mode returns the account mode, which decides the route of models that no row
// of the route table names (contract 5, "Account mode"). It is "" when neither
// auth.json nor a credential nor Config.AccountMode says one. It reads the file
// and the environment only.
//
// The error is 1003 when the mode depends on an auth.json that cannot be read,
// even if the environment holds a credential: a guess could bill the wrong
// account. Where auth.json is of a kind that we do not serve, the environment
// decides, and the error is 1003 if that holds nothing.
func (m *Manager) Mode(ctx context.Context) (protocol.AccountMode, error) {
	mode, err := m.mode(m.load(ctx))
	if err != nil {
		return "", err
	}
	return mode, nil
}

func (m *Manager) mode(s *snapshot) (protocol.AccountMode, *protocol.Error) {
	switch m.cfg.AccountMode {
	case accountModeChatGPT:
		return protocol.ModeChatGPT, nil
	case accountModeAPIKey:
		return protocol.ModeAPIKey, nil
	}
	if s.err != nil && s.err.Data.Reason != protocol.ReasonUnsupportedAuthMode {
		return "", s.err
	}
	f := &s.file
	byPlan := m.cfg.AccountMode == accountModePlan
	switch {
	case !byPlan && f.authMode == authModeChatGPT:
		return protocol.ModeChatGPT, nil
	case !byPlan && f.authMode == authModeAPIKey:
		return protocol.ModeAPIKey, nil
	case !f.hasTokens() && f.apiKey.IsZero():
		// Neither a mode nor a credential: as if there were no file.
	case !f.hasTokens():
		return protocol.ModeAPIKey, nil
	default:
		return planMode(parseClaims(f.idToken)), nil
	}
	switch {
	case !m.cfg.AccessToken.IsZero():
		return protocol.ModeChatGPT, nil
	case !m.cfg.APIKey.IsZero(), m.hasExplicitKey():
		return protocol.ModeAPIKey, nil
	}
	return "", s.err
}

// hasExplicitKey reports whether this process was given a key.
func (m *Manager) hasExplicitKey() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return !m.explicit.IsZero()
}

// planMode is the mode that the claims of the id_token stand for: the plans
// that include the Codex backend mean chatgpt. Plan names are an open set, and
// their case does not matter, as for Codex.
func planMode(c claims) protocol.AccountMode {
	if strings.HasSuffix(strings.ToLower(c.email), "@openai.com") {
		return protocol.ModeChatGPT
	}
	switch strings.ToLower(c.plan) {
	case "free", "go", "plus", "pro", "prolite", "promax", "team":
		return protocol.ModeChatGPT
	}
	return protocol.ModeAPIKey
}
