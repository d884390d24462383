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

// Status returns what auth/status shows (docs/reference.md: auth/status). It never fails, refreshes
// nothing, and reads the store and the environment only; a file that is being
// written can hold it up for 100 ms, a keyring that does not answer for 3 s. No
// list in it is nil, and no secret is in it.
func (m *Manager) Status(ctx context.Context) protocol.AuthStatus {
	// A request that ended gets no answer, so there is no sense in a status that
	// says so.
	return m.status(m.view.load(context.WithoutCancel(ctx)))
}

// InitialStatus is Status for initialize, which asks no keyring (docs/protocol.md: Lifecycle):
// where the login may be in one that was not read yet, the state is "error" and
// the reason "keyring".
func (m *Manager) InitialStatus(ctx context.Context) protocol.AuthStatus {
	return m.status(m.view.peek(context.WithoutCancel(ctx)))
}

// report is what one auth/status is made from.
type report struct {
	m   *Manager
	s   *store.Snapshot
	all []found
}

func (m *Manager) status(s *store.Snapshot) protocol.AuthStatus {
	r := &report{m, s, m.find(s)}

	chatGPT, chatGPTErr := r.chatGPTState()
	platform, platformErr := r.platformState()
	status := protocol.AuthStatus{
		Credentials: protocol.CredentialStates{ChatGPT: chatGPT, Platform: platform},
		Account:     r.account(),
		Routes:      r.routes(),
		File:        r.fileState(),
		Login:       m.logins.pendingPrompt(),
		Overrides:   r.overrides(),
		Warnings:    r.warnings(),
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
	case s.Err != nil, protocol.CodeOf(chatGPTErr) == protocol.CodeCredentialStore:
		status.State = protocol.StateError
	case chatGPTErr != nil && onlyLoginHelps(chatGPTErr) && !hasKey:
		status.State = protocol.StateExpired
	default:
		status.State = protocol.StateUnauthenticated
	}
	return status
}

// refreshWarning returns why the login of the store, if there is one, will not be
// refreshed when that is due.
func (r *report) refreshWarning() string {
	if r.s.Login.RefreshToken.IsZero() || r.m.issuer.Endpoint.Bad != "" {
		return ""
	}
	failure := r.m.refresher.checkRefresh(r.s)
	if failure == nil {
		return ""
	}
	return "the login cannot be refreshed: " + failure.Error()
}

// onlyLoginHelps reports whether there is a login that cannot be refreshed.
func onlyLoginHelps(err error) bool {
	reason := protocol.ReasonOf(err)
	return protocol.CodeOf(err) == protocol.CodeLoginRequired && reason != protocol.ReasonNoCredentials ||
		reason == protocol.ReasonForeignIssuer
}

func (r *report) chatGPTState() (protocol.ChatGPTState, error) {
	state := protocol.ChatGPTState{Source: protocol.SourceUnknown}
	_, err := r.m.chatGPT(r.s)
	if err != nil {
		state.Reason = protocol.ReasonOf(err)
	}
	token, ok := first(r.all, protocol.CredentialChatGPT)
	if !ok {
		return state, err
	}
	state.Present = true
	state.Source = token.source
	state.ExpiresAt = timestamp(identify(token, &r.s.Login).expiresAt)
	if rejected := r.m.refresher.rejection(token.value); err == nil && rejected != nil {
		err = rejected
		state.Reason = protocol.ReasonOf(err)
	}
	if token.isStored() {
		state.LastRefresh = timestamp(r.s.Login.LastRefresh)
		state.Refreshable = !r.s.Login.RefreshToken.IsZero()
		state.Unsaved = r.s.Pending
	}
	return state, err
}

func (r *report) platformState() (protocol.PlatformState, error) {
	state := protocol.PlatformState{Source: protocol.SourceUnknown}
	key, ok := first(r.all, protocol.CredentialPlatformKey)
	if ok {
		state.Present = true
		state.Source = key.source
	}
	_, err := r.m.platform(r.s)
	if err != nil {
		state.Reason = protocol.ReasonOf(err)
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
	return new(value[:3] + "…" + value[len(value)-4:])
}

// account is who the access token that counts belongs to; nil when it does not
// tell.
func (r *report) account() *protocol.Account {
	token, ok := first(r.all, protocol.CredentialChatGPT)
	if !ok {
		return nil
	}
	who := identify(token, &r.s.Login)
	if !accountIDShape().MatchString(who.accountID) {
		who.accountID = ""
	}
	if who.email == "" && who.plan == "" && who.userID == "" && who.accountID == "" {
		return nil
	}
	return &protocol.Account{
		Email:     r.claimText(who.email),
		PlanType:  r.claimText(who.plan),
		AccountID: r.claimText(who.accountID),
		UserID:    r.claimText(who.userID),
	}
}

// claimText is a claim to be shown; nil when empty.
func (r *report) claimText(s string) *string {
	if s == "" {
		return nil
	}
	return new(r.m.masked.Mask(s))
}

// routes has one row for each route, in a fixed order.
func (r *report) routes() []protocol.RouteState {
	chatGPT, chatGPTErr := r.m.routeChatGPT(r.s)
	platform, platformErr := r.m.routePlatform(r.s)
	if token, ok := first(r.all, protocol.CredentialChatGPT); ok && chatGPTErr == nil {
		chatGPTErr = r.m.refresher.rejection(token.value)
	}
	return []protocol.RouteState{
		routeState(protocol.RouteChatGPT, r.m.cfg.ChatGPT, chatGPT.Source, chatGPTErr),
		routeState(protocol.RoutePlatform, r.m.cfg.Platform, platform.Source, platformErr),
	}
}

func routeState(route protocol.RouteName, e Endpoint, source protocol.CredentialSource,
	err error) protocol.RouteState {
	row := protocol.RouteState{Route: route, API: protocol.API, BaseURL: e.URL}
	if err != nil {
		row.CredentialSource = protocol.SourceUnknown
		row.Reason = protocol.ReasonOf(err)
		return row
	}
	row.Available = true
	row.CredentialSource = source
	return row
}

// fileState describes auth.json, also one that is not read.
func (r *report) fileState() protocol.FileState {
	state := protocol.FileState{Path: r.m.path}
	if info, err := os.Stat(r.m.path); err == nil {
		if runtime.GOOS != "windows" { // which keeps none
			state.Mode = new(fmt.Sprintf("%04o", info.Mode().Perm()))
		}
		state.Modified = timestamp(info.ModTime())
	}
	return state
}

func (r *report) overrides() []protocol.Override {
	overrides := []protocol.Override{}
	for _, e := range []Endpoint{r.m.cfg.ChatGPT, r.m.cfg.Platform} {
		if e.Override != nil {
			overrides = append(overrides, *e.Override)
		}
	}
	overrides = append(overrides, r.m.issuer.Endpoint.Overrides...)
	return append(overrides, r.m.cfg.Overrides...)
}

// warnings are one sentence each.
func (r *report) warnings() []string {
	warnings := append([]string{}, slices.Concat(r.m.cfg.Warnings, r.m.watch.noticed())...)
	for _, e := range []Endpoint{r.m.cfg.ChatGPT, r.m.cfg.Platform} {
		if e.Bad != "" {
			warnings = append(warnings, e.Bad)
		}
	}
	if bad := r.m.issuer.Endpoint.Bad; bad != "" {
		warnings = append(warnings, bad)
	}
	if r.s.Err != nil {
		warnings = append(warnings, r.s.Err.Error())
	}
	warnings = append(warnings, r.s.Warnings...)
	if w := r.m.pending.warning(); w != "" {
		warnings = append(warnings, w)
	}
	if token, ok := first(r.all, protocol.CredentialChatGPT); ok {
		if rejected := r.m.refresher.rejection(token.value); rejected != nil {
			warnings = append(warnings, "the backend has refused the access token, and there is no newer one: "+rejected.Error())
		}
	}
	if w := r.refreshWarning(); w != "" {
		warnings = append(warnings, w)
	}
	if w := r.exposure(); w != "" {
		warnings = append(warnings, w)
	}
	for _, kind := range []protocol.CredentialKind{protocol.CredentialChatGPT, protocol.CredentialPlatformKey} {
		var places []string
		for _, f := range r.all {
			if f.due == kind {
				places = append(places, f.where)
			}
		}
		if len(places) > 1 {
			warnings = append(warnings, fmt.Sprintf("%s is used, not %s", places[0], places[1]))
		}
	}
	for i, w := range warnings {
		warnings[i] = protocol.Sentence(r.m.masked.Mask(w))
	}
	return warnings
}

// exposure warns when other users can get at auth.json. Windows keeps no such
// mode.
func (r *report) exposure() string {
	if r.s.Info == nil || !r.s.Info.Mode().IsRegular() || runtime.GOOS == "windows" {
		return ""
	}
	if mode := r.s.Info.Mode().Perm(); mode&0o066 != 0 {
		return fmt.Sprintf("other users can read or change %s (mode %04o, 0600 is right)", r.m.path, mode)
	}
	if dir, err := os.Stat(r.m.cfg.Home); err == nil && dir.Mode().Perm()&0o002 != 0 {
		return fmt.Sprintf("other users can replace %s (its folder has mode %04o, 0700 is right)", r.m.path, dir.Mode().Perm())
	}
	return ""
}

// timestamp is nil for the zero time.
func timestamp(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return new(rfc3339(t))
}
