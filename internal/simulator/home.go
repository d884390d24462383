package simulator

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Login is the simulated credentials in the clear, for tests: what the scenario
// stores at first, "" for what it does not. A refresh does not change them.
type Login struct {
	AccessToken, IDToken, RefreshToken string
	AccountID                          string
	PlatformKey                        string
	Email                              string
	PlanType                           string
}

// Login returns the login that WriteHome stores.
func (s *Server) Login() Login { return s.login }

// home is the state of a CODEX_HOME. Its zero value is that after a browser
// login whose id_token was exchanged for a key.
type home struct {
	loggedOut bool          // no auth.json
	age       time.Duration // since the tokens were issued
	keyless   bool          // no Platform key
	emptyKey  bool          // a keyless file says so with "" instead of null
	noAccount bool          // the tokens name no account
	plan      string        // of the account; "": plus
}

func (l *ledger) firstLogin(h home) Login {
	if h.noAccount {
		l.AccountID = ""
	}
	if h.plan != "" {
		l.PlanType = h.plan
	}
	login := Login{AccountID: l.AccountID, Email: l.Email, PlanType: l.PlanType}
	if h.loggedOut {
		return login
	}
	set := l.login(defaultClientID, time.Now().Add(-h.age))
	login.AccessToken, login.IDToken, login.RefreshToken = set.Access, set.ID, set.Refresh
	if !h.keyless {
		login.PlatformKey = l.newKey()
	}
	return login
}

// authFile is auth.json as Codex 0.169.0 writes it.
type authFile struct {
	AuthMode    string     `json:"auth_mode"`
	APIKey      *string    `json:"OPENAI_API_KEY"`
	Tokens      fileTokens `json:"tokens"`
	LastRefresh string     `json:"last_refresh"`
}

type fileTokens struct {
	ID         string     `json:"id_token"`
	Access     string     `json:"access_token"`
	Refresh    string     `json:"refresh_token"`
	Provenance provenance `json:"oauth_provenance"`
	AccountID  string     `json:"account_id,omitempty"`
	OwnerID    string     `json:"login_owner_id"`
}

type provenance struct {
	Issuer   string `json:"issuer"`
	ClientID string `json:"client_id"`
}

// WriteHome makes dir the CODEX_HOME of the scenario.
func (s *Server) WriteHome(dir string) error {
	if err := s.writeHome(dir); err != nil {
		return fmt.Errorf("simulator: %w", err)
	}
	return nil
}

func (s *Server) writeHome(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	// Modes also hold for what existed before.
	if err := os.Chmod(dir, 0o700); err != nil {
		return err
	}
	path := filepath.Join(dir, "auth.json")
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	state := s.scenario.home
	if state.loggedOut {
		return nil
	}
	key := &s.login.PlatformKey
	if state.keyless && !state.emptyKey {
		key = nil
	}
	content, err := json.MarshalIndent(authFile{
		AuthMode: "chatgpt",
		APIKey:   key,
		Tokens: fileTokens{
			ID:         s.login.IDToken,
			Access:     s.login.AccessToken,
			Refresh:    s.login.RefreshToken,
			Provenance: provenance{Issuer: s.IssuerURL(), ClientID: defaultClientID},
			AccountID:  s.login.AccountID,
			OwnerID:    base64.RawURLEncoding.EncodeToString(randomBytes(32)),
		},
		LastRefresh: time.Now().Add(-state.age).UTC().Format("2006-01-02T15:04:05.000000000Z"),
	}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o600)
}
