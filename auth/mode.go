package auth

import (
	"context"
	"strings"

	"github.com/signalbox-dev/signalbox/auth/issuer"
	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/protocol"
)

// Values of Config.AccountMode.
const (
	accountModeAuto    = "auto"
	accountModePlan    = "plan"
	accountModeChatGPT = string(protocol.ModeChatGPT)
	accountModeAPIKey  = string(protocol.ModeAPIKey)
)

// Mode returns the account mode, which decides the route of models that no row
// of the route table names (docs/credentials.md: Account mode). It is "" when neither
// auth.json nor a credential nor Config.AccountMode says one. It reads the file
// and the environment only.
//
// The error is 1003 when the mode depends on an auth.json that cannot be read,
// even if the environment holds a credential: a guess could bill the wrong
// account. Where auth.json is of a kind that we do not serve, the environment
// decides, and the error is 1003 if that holds nothing.
func (m *Manager) Mode(ctx context.Context) (protocol.AccountMode, error) {
	mode, err := m.mode(m.view.load(ctx))
	if err != nil {
		return "", err
	}
	return mode, nil
}

func (m *Manager) mode(s *store.Snapshot) (protocol.AccountMode, error) {
	switch m.cfg.AccountMode {
	case accountModeChatGPT:
		return protocol.ModeChatGPT, nil
	case accountModeAPIKey:
		return protocol.ModeAPIKey, nil
	}
	if s.Err != nil && protocol.ReasonOf(s.Err) != protocol.ReasonUnsupportedAuthMode {
		return "", s.Err
	}
	f := &s.Login
	byPlan := m.cfg.AccountMode == accountModePlan
	switch {
	case !byPlan && f.AuthMode == store.ModeChatGPT:
		return protocol.ModeChatGPT, nil
	case !byPlan && f.AuthMode == store.ModeAPIKey:
		return protocol.ModeAPIKey, nil
	case !f.HasTokens() && f.APIKey.IsZero():
		// Neither a mode nor a credential: as if there were no file.
	case !f.HasTokens():
		return protocol.ModeAPIKey, nil
	default:
		return planMode(issuer.ParseClaims(f.IDToken)), nil
	}
	switch {
	case !m.cfg.AccessToken.IsZero():
		return protocol.ModeChatGPT, nil
	case !m.cfg.APIKey.IsZero(), m.hasExplicitKey():
		return protocol.ModeAPIKey, nil
	}
	return "", s.Err
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
func planMode(c issuer.Claims) protocol.AccountMode {
	if strings.HasSuffix(strings.ToLower(c.Email), "@openai.com") {
		return protocol.ModeChatGPT
	}
	switch strings.ToLower(c.Plan) {
	case "free", "go", "plus", "pro", "prolite", "promax", "team":
		return protocol.ModeChatGPT
	}
	return protocol.ModeAPIKey
}
