package auth

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/protocol"
)

// Status returns what auth/status shows (contract 3). It never fails, renews
// nothing, and reads the store and the environment only; a file that is being
// written can hold it up for 100 ms, a keyring that does not answer for 3 s. No
// list in it is nil, and no secret is in it.
func (m *Manager) Status(ctx context.Context) protocol.AuthStatus {
	// A request that ended gets no answer, so there is no sense in a status that
	// says so.
	return m.status(m.view.load(context.WithoutCancel(ctx)))
}

// InitialStatus is Status for initialize, which asks no keyring (contract 2):
// where the login may be in one that was not read yet, the state is "error" and
// the reason "keyring".
func (m *Manager) InitialStatus(ctx context.Context) protocol.AuthStatus {
	return m.status(m.view.peek(context.WithoutCancel(ctx)))
}

func (m *Manager) status(s *store.Snapshot) protocol.AuthStatus {
	all := m.find(s)

	chatGPT, chatGPTErr := m.chatGPTState(s, all)
	platform, platformErr := m.platformState(s, all)
	status := protocol.AuthStatus{
		Credentials: protocol.CredentialStates{ChatGPT: chatGPT, Platform: platform},
		Account:     m.account(s, all),
		Routes:      m.routes(s),
		File:        m.fileState(),
		Login:       m.logins.pendingPrompt(),
		Overrides:   m.overrides(),
		Warnings:    m.warnings(s, all),
	}
	if mode, err := m.mode(s); err == nil && mode != "" {
		status.Mode = &mode
	}
	// A key that an exchange might give counts for its route, but not as being
	// logged in: nobody knows yet whether there will be one.
	hasKey := platform.Present && platformErr == nil
	switch {
	case status.Routes[0].Available || status.Routes[1].Available && hasKey:
		status.State = protocol.StateAuthenticated
	case s.Err != nil, chatGPTErr != nil && chatGPTErr.Code == protocol.CodeCredentialStore:
		status.State = protocol.StateError
	case chatGPTErr != nil && onlyLoginHelps(chatGPTErr) && !hasKey:
		status.State = protocol.StateExpired
	default:
		status.State = protocol.StateUnauthenticated
	}
	return status
}

// renewalWarning says why the login of the store, if there is one, will not be
// renewed when that is due.
func (m *Manager) renewalWarning(s *store.Snapshot) string {
	if s.Login.RefreshToken.IsZero() || m.issuer.Endpoint.Bad != "" {
		return ""
	}
	failure := m.refresher.checkRefresh(s)
	if failure == nil {
		return ""
	}
	return "the login cannot be renewed: " + failure.Message
}

// onlyLoginHelps reports whether there is a login that cannot be renewed.
func onlyLoginHelps(err *protocol.Error) bool {
	return err.Code == protocol.CodeLoginRequired && err.Data.Reason != protocol.ReasonNoCredentials ||
		err.Data.Reason == protocol.ReasonForeignIssuer
}

func (m *Manager) chatGPTState(s *store.Snapshot, all []found) (protocol.ChatGPTState, *protocol.Error) {
	state := protocol.ChatGPTState{Source: protocol.SourceUnknown}
	_, err := m.chatGPT(s)
	if err != nil {
		state.Reason = err.Data.Reason
	}
	token, ok := first(all, protocol.CredentialChatGPT)
	if !ok {
		return state, err
	}
	state.Present = true
	state.Source = token.source
	state.ExpiresAt = timestamp(identify(token, &s.Login).expiresAt)
	if token.isStored() {
		state.LastRefresh = timestamp(s.Login.LastRefresh)
		state.Refreshable = !s.Login.RefreshToken.IsZero()
		state.Unsaved = s.Pending
	}
	return state, err
}

func (m *Manager) platformState(s *store.Snapshot, all []found) (protocol.PlatformState, *protocol.Error) {
	state := protocol.PlatformState{Source: protocol.SourceUnknown}
	key, ok := first(all, protocol.CredentialPlatformKey)
	if ok {
		state.Present = true
		state.Source = key.source
	}
	_, err := m.platform(s)
	if err != nil {
		state.Reason = err.Data.Reason
		return state, err
	}
	state.Hint = hint(key.value)
	return state, nil
}

// hint shows the start and the end of a key, so that its owner knows which one
// it is; nil for one so short that this would be much of it.
func hint(key Secret) *string {
	value := key.Reveal()
	if len(value) < 16 {
		return nil
	}
	return ptr(value[:3] + "…" + value[len(value)-4:])
}

// account is who the access token that counts belongs to; nil when it does not
// tell.
func (m *Manager) account(s *store.Snapshot, all []found) *protocol.Account {
	token, ok := first(all, protocol.CredentialChatGPT)
	if !ok {
		return nil
	}
	who := identify(token, &s.Login)
	if !accountIDShape().MatchString(who.accountID) {
		who.accountID = ""
	}
	if who.email == "" && who.plan == "" && who.userID == "" && who.accountID == "" {
		return nil
	}
	return &protocol.Account{
		Email:     m.claimText(who.email),
		PlanType:  m.claimText(who.plan),
		AccountID: m.claimText(who.accountID),
		UserID:    m.claimText(who.userID),
	}
}

// claimText is a claim to be shown; nil when empty.
func (m *Manager) claimText(s string) *string {
	if s == "" {
		return nil
	}
	return ptr(m.masked.Mask(s))
}

// routes has one row for each route, in a fixed order.
func (m *Manager) routes(s *store.Snapshot) []protocol.RouteState {
	chatGPT, chatGPTErr := m.routeChatGPT(s)
	platform, platformErr := m.routePlatform(s)
	return []protocol.RouteState{
		routeState(protocol.RouteChatGPT, m.cfg.ChatGPT, chatGPT.Source, chatGPTErr),
		routeState(protocol.RoutePlatform, m.cfg.Platform, platform.Source, platformErr),
	}
}

func routeState(route protocol.RouteName, e Endpoint, source protocol.CredentialSource,
	err *protocol.Error) protocol.RouteState {
	row := protocol.RouteState{Route: route, API: protocol.API, BaseURL: e.URL}
	if err != nil {
		row.CredentialSource = protocol.SourceUnknown
		row.Reason = err.Data.Reason
		return row
	}
	row.Available = true
	row.CredentialSource = source
	return row
}

// fileState describes auth.json, also one that is not read.
func (m *Manager) fileState() protocol.FileState {
	state := protocol.FileState{Path: m.path}
	if info, err := os.Stat(m.path); err == nil {
		state.Mode = ptr(fmt.Sprintf("%04o", info.Mode().Perm()))
		state.Modified = timestamp(info.ModTime())
	}
	return state
}

func (m *Manager) overrides() []protocol.Override {
	overrides := []protocol.Override{}
	for _, e := range []Endpoint{m.cfg.ChatGPT, m.cfg.Platform} {
		if e.Override != nil {
			overrides = append(overrides, *e.Override)
		}
	}
	overrides = append(overrides, m.issuer.Endpoint.Overrides...)
	return append(overrides, m.cfg.Overrides...)
}

// warnings are one sentence each.
func (m *Manager) warnings(s *store.Snapshot, all []found) []string {
	warnings := append([]string{}, slices.Concat(m.cfg.Warnings, m.watch.noticed())...)
	for _, e := range []Endpoint{m.cfg.ChatGPT, m.cfg.Platform} {
		if e.Bad != "" {
			warnings = append(warnings, e.Bad)
		}
	}
	if bad := m.issuer.Endpoint.Bad; bad != "" {
		warnings = append(warnings, bad)
	}
	if s.Err != nil {
		warnings = append(warnings, s.Err.Message)
	}
	warnings = append(warnings, s.Warnings...)
	if w := m.pending.warning(); w != "" {
		warnings = append(warnings, w)
	}
	if w := m.renewalWarning(s); w != "" {
		warnings = append(warnings, w)
	}
	if w := m.exposure(s); w != "" {
		warnings = append(warnings, w)
	}
	for _, kind := range []protocol.CredentialKind{protocol.CredentialChatGPT, protocol.CredentialPlatformKey} {
		var places []string
		for _, f := range all {
			if f.due == kind {
				places = append(places, f.where)
			}
		}
		if len(places) > 1 {
			warnings = append(warnings, fmt.Sprintf("%s is used, not %s", places[0], places[1]))
		}
	}
	for i, w := range warnings {
		warnings[i] = protocol.Sentence(m.masked.Mask(w))
	}
	return warnings
}

// exposure warns when other users can get at auth.json. Windows keeps no such
// mode.
func (m *Manager) exposure(s *store.Snapshot) string {
	if s.Info == nil || !s.Info.Mode().IsRegular() || runtime.GOOS == "windows" {
		return ""
	}
	if mode := s.Info.Mode().Perm(); mode&0o066 != 0 {
		return fmt.Sprintf("other users can read or change %s (mode %04o, 0600 is right)", m.path, mode)
	}
	if dir, err := os.Stat(m.cfg.Home); err == nil && dir.Mode().Perm()&0o002 != 0 {
		return fmt.Sprintf("other users can replace %s (its folder has mode %04o, 0700 is right)", m.path, dir.Mode().Perm())
	}
	return ""
}

// timestamp is nil for the zero time.
func timestamp(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return ptr(rfc3339(t))
}

func ptr(s string) *string { return &s }
