package auth

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/signalbox-dev/signalbox/auth/issuer"
	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/internal/mask"
	"github.com/signalbox-dev/signalbox/internal/transport"
	"github.com/signalbox-dev/signalbox/protocol"
)

// Config is what a Manager works with. It is read once, by NewManager.
type Config struct {
	// Home is CODEX_HOME, absolute, see [Home]; the folder may be absent. "": no
	// file is read.
	Home string
	// HomeError is why there is no Home: the error of [Home].
	HomeError error
	// APIKey is OPENAI_API_KEY of the environment; blank counts as absent.
	APIKey Secret
	// AccessToken is OPENAI_OAUTH_ACCESS_TOKEN of the environment; blank counts
	// as absent.
	AccessToken Secret
	// AccountMode is "auto", "plan", "chatgpt" or "apiKey"; anything else counts
	// as "auto".
	AccountMode string
	// ChatGPT and Platform say where the requests of the routes go. The zero
	// Endpoint is the default one.
	ChatGPT, Platform Endpoint
	// Issuer is where logins and refreshes go; the zero Endpoint is OpenAI's.
	Issuer issuer.Endpoint
	// Transport for requests to the issuer, which follows no redirect; nil: one
	// with the proxy of the environment.
	Transport http.RoundTripper
	// UserAgent and Originator go with a refresh, Originator also with the browser
	// to the issuer.
	UserAgent, Originator string
	// RedirectHost is what the redirect URI of a browser login names: "127.0.0.1",
	// the default, or "localhost".
	RedirectHost string
	// Overrides in force beside those of the endpoints, for auth/status.
	Overrides []protocol.Override
	// Warnings of the start-up, for auth/status; one sentence each.
	Warnings []string
	// Mask is told of every secret that the Manager sees; nil: one of its own.
	Mask *mask.Masker
	// Logger is told of each refresh; nil drops it.
	Logger *slog.Logger
	// Now is the clock that expiry is measured by; nil: time.Now.
	Now func() time.Time
}

// Manager knows the user's credentials. All its methods are safe for concurrent
// use. The store is looked at by each call and read again when it has changed,
// so that a login or refresh by another program counts at once.
//
// Its parts have a mutex each. None is held while the store, the issuer, a listener
// of [Manager.OnChange] or a method of another part is called; so they need no
// order among each other. The locks on files do, see [store.Store.LockRefresh].
type Manager struct {
	cfg    Config
	path   string       // of auth.json
	store  *store.Store // nil without CODEX_HOME
	issuer issuer.Client
	masked *mask.Masker
	waits  waits
	// at is told of the steps of a refresh; tests end the process there.
	at func(step string)

	watch     watch
	work      inFlight
	view      view
	pending   pending
	refresher refresher
	exchanger exchanger
	logins    logins

	mu sync.Mutex
	// explicit is the key that this process was given; mu guards it.
	explicit Secret
}

// waits are the times that tests shorten.
type waits struct {
	save, retry, reused, patience time.Duration
}

// NewManager makes a Manager. It reads nothing and cannot fail.
func NewManager(cfg Config) *Manager {
	cfg.APIKey = trimmed(cfg.APIKey)
	cfg.AccessToken = trimmed(cfg.AccessToken)
	if cfg.ChatGPT == (Endpoint{}) {
		cfg.ChatGPT.URL = DefaultChatGPT
	}
	if cfg.Platform == (Endpoint{}) {
		cfg.Platform.URL = defaultPlatform
	}
	cfg.Overrides = slices.Clone(cfg.Overrides)
	cfg.Warnings = slices.Clone(cfg.Warnings)
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Issuer.URL == "" && cfg.Issuer.Bad == "" {
		cfg.Issuer, _ = issuer.ParseEndpoint("", func(string) string { return "" })
	}
	if cfg.RedirectHost == "" {
		cfg.RedirectHost = "127.0.0.1"
	}
	if cfg.Transport == nil {
		cfg.Transport = transport.New(transport.Options{})
	}
	if cfg.Mask == nil {
		cfg.Mask = new(mask.Masker)
	}
	m := &Manager{
		masked: cfg.Mask,
		cfg:    cfg,
		issuer: issuer.Client{Endpoint: cfg.Issuer, Transport: cfg.Transport, UserAgent: cfg.UserAgent, Originator: cfg.Originator},
		waits:  waits{saveBackoff, retryPause, reusedWatch, refreshPatience},
		at:     func(string) {},
	}
	m.view.m = m
	m.pending.m = m
	m.refresher.m, m.refresher.jitter = m, jitter()
	m.exchanger.m = m
	m.logins.m, m.logins.beginning = m, make(chan struct{}, 1)
	if cfg.Home != "" {
		m.path = filepath.Join(cfg.Home, store.FileName)
		m.store = store.Open(cfg.Home, m.watch.notice)
	}
	m.masked.Add(cfg.APIKey, cfg.AccessToken)
	return m
}

func trimmed(s Secret) Secret { return protocol.NewSecret(strings.TrimSpace(s.Reveal())) }

// Format implements fmt.Formatter: printing a Manager shows none of its secrets.
func (m *Manager) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("auth.Manager")) }

// Platform returns the API key for the platform route, whatever the account
// mode: the one given to this process, the one of the environment, the one of the
// store, else one that the login is exchanged for (docs/credentials.md: Where a credential comes from).
//
// The error is a *protocol.Error: 1001 no_credentials, or a reason of a refused
// refresh of the id_token; 1002 wrong_kind, foreign_base_url, foreign_issuer or
// bad_override; 1003 when the store is needed and cannot be used; 1004 when the
// issuer returns no answer; 1006 when it refuses the exchange; -32800 when ctx ends.
func (m *Manager) Platform(ctx context.Context) (PlatformCredential, error) {
	s := m.view.load(ctx)
	credential, err := m.routePlatform(s)
	if err == nil && credential.Pending() {
		credential, err = m.exchanger.exchange(ctx, s)
	}
	if err != nil {
		return PlatformCredential{}, err
	}
	return credential, nil
}

// PeekPlatform is Platform without any network call: a key that an exchange
// might give is pending.
func (m *Manager) PeekPlatform(ctx context.Context) (PlatformCredential, error) {
	credential, err := m.routePlatform(m.view.load(ctx))
	if err != nil {
		return PlatformCredential{}, err
	}
	return credential, nil
}

// Model returns the model that Codex's configuration names, or "".
func (m *Manager) Model() string { return m.settings().Model }

// settings returns what we honour of Codex's config.toml, as it is now.
func (m *Manager) settings() *store.Config {
	if m.store == nil {
		return &store.Config{Store: store.KindFile}
	}
	return m.store.Config()
}
