package engine

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/signalbox-dev/signalbox/protocol"
)

// Models lists the models of both routes. It never fails. Without
// refresh it does not wait for the network: what is missing or older than
// catalogueLife is asked for in the background, for the next call.
func (e *Engine) Models(ctx context.Context, refresh bool) protocol.ModelsListResult {
	l := lister{engine: e, status: e.cfg.Credentials.Status(ctx), refresh: refresh, began: time.Now()}
	if running := e.fillCatalogues(ctx, l.status, refresh); refresh && len(running) > 0 {
		for _, done := range running {
			select {
			case <-done:
			case <-ctx.Done():
			}
		}
		l.status = e.cfg.Credentials.Status(ctx) // a refresh may have changed what can be used
	}
	return l.list()
}

// fillCatalogues asks the backends whose lists are due, or all that have a
// credential with force. The channels are closed when their answers are there.
func (e *Engine) fillCatalogues(ctx context.Context, status protocol.AuthStatus, force bool) []<-chan struct{} {
	ctx = context.WithoutCancel(ctx) // the lists outlive this request
	var running []<-chan struct{}
	for _, route := range status.Routes {
		if !route.Available {
			continue
		}
		ask, read := e.askPlatformModels, e.readPlatformModels
		if route.Route == protocol.RouteChatGPT {
			ask, read = e.askChatGPTModels, e.readChatGPTModels
		}
		done := e.catalogueOf(route.Route).fill(catalogueOwner(route, status), force,
			func(etag string) (lookup, error) { return ask(ctx, etag) }, read)
		if done != nil {
			running = append(running, done)
		}
	}
	return running
}

func (e *Engine) catalogueOf(route protocol.RouteName) *catalogue {
	if route == protocol.RouteChatGPT {
		return &e.chatgptModels
	}
	return &e.platformModels
}

// catalogueOwner returns the account or key whose list a route's would be, so that
// another one's is not taken for it. Nothing is sent to find out.
func catalogueOwner(route protocol.RouteState, status protocol.AuthStatus) string {
	owner := route.BaseURL + " " + string(route.CredentialSource)
	if route.Route == protocol.RouteChatGPT && status.Account != nil && status.Account.AccountID != nil {
		return owner + " " + *status.Account.AccountID
	}
	if hint := status.Credentials.Platform.Hint; route.Route == protocol.RoutePlatform && hint != nil {
		return owner + " " + *hint
	}
	return owner
}

// lister makes one answer.
type lister struct {
	engine *Engine
	status protocol.AuthStatus
	// views of the lists, by the routes that can be used.
	views map[protocol.RouteName]catalogueView
	// began is when the request came: a list that it asked for and that was heard
	// since then is live.
	refresh bool
	began   time.Time
}

func (l *lister) list() protocol.ModelsListResult {
	result := protocol.ModelsListResult{Models: []protocol.Model{}, Warnings: []string{}}
	warn := func(format string, values ...any) {
		result.Warnings = append(result.Warnings, fmt.Sprintf(format, values...))
	}
	l.views = map[protocol.RouteName]catalogueView{}
	for _, route := range l.status.Routes {
		if !route.Available {
			continue
		}
		v := l.engine.catalogueOf(route.Route).view(catalogueOwner(route, l.status))
		l.views[route.Route] = v
		if v.failure != "" {
			warn("The models of the %s route could not be listed: %s.", route.Route, v.failure)
		}
	}
	for _, r := range table {
		if !r.pinned {
			continue
		}
		result.Models = append(result.Models, l.pinned(r))
		v := l.views[r.route]
		if !v.heard.IsZero() && !slices.ContainsFunc(v.models, func(m listed) bool { return m.id == r.pattern }) {
			warn("The list of the %s route does not name %s, which may not be served to this account.", r.route, r.pattern)
		}
	}
	for _, route := range l.status.Routes {
		result.Models = append(result.Models, l.rows(route)...)
	}
	return result
}

// pinned returns the row of a pinned model, which is there whatever a backend
// lists.
func (l *lister) pinned(r row) protocol.Model {
	for _, route := range l.status.Routes {
		if route.Route != r.route {
			continue
		}
		v := l.views[route.Route]
		for _, m := range v.models {
			if m.id == r.pattern {
				return l.row(m, route, l.source(v))
			}
		}
		known := describe(r.pattern)
		if i := slices.IndexFunc(staticModels[r.route], func(m listed) bool { return m.id == r.pattern }); i >= 0 {
			known = staticModels[r.route][i]
		}
		return l.row(known, route, protocol.ModelsStatic)
	}
	return protocol.Model{ID: r.pattern, Route: r.route, API: protocol.API, Source: protocol.ModelsStatic}
}

// rows returns the models of a route except those that are pinned to it.
func (l *lister) rows(route protocol.RouteState) []protocol.Model {
	v := l.views[route.Route]
	models, source := v.models, l.source(v)
	if v.heard.IsZero() {
		models, source = staticModels[route.Route], protocol.ModelsStatic
	}
	var rows []protocol.Model
	seen := map[string]bool{}
	for _, m := range models {
		if seen[m.id] || pinnedTo(m.id) == route.Route {
			continue
		}
		seen[m.id] = true
		rows = append(rows, l.row(m, route, source))
	}
	return rows
}

func (l *lister) source(v catalogueView) protocol.ModelListSource {
	if l.refresh && !v.heard.Before(l.began) {
		return protocol.ModelsLive
	}
	return protocol.ModelsCached
}

// row returns one model on one route.
func (l *lister) row(m listed, route protocol.RouteState, source protocol.ModelListSource) protocol.Model {
	r := protocol.Model{
		ID: m.id, Route: route.Route, API: protocol.API, BaseURL: route.BaseURL,
		Name: m.name, ContextWindow: m.contextWindow, MaxOutputTokens: m.maxOutput,
		InputModalities: m.modalities, ToolCalling: m.toolCalling, Efforts: m.efforts,
		Hidden: m.hidden, Source: source,
	}
	pinned := pinnedTo(m.id)
	switch {
	case pinned != "" && pinned != route.Route:
		r.Reason = protocol.ReasonPinnedRoute
	case !route.Available:
		r.Reason = route.Reason
	case isOlder(l.engine.cfg.ClientVersion, m.minClient):
		r.Reason = protocol.ReasonModelUnavailable
	case l.isOutsidePlan(m):
		r.Reason = protocol.ReasonUsageNotIncluded
	default:
		r.Available = true
	}
	return r
}

// isOutsidePlan reports whether the model says which plans include it, and the
// account's is none of them.
func (l *lister) isOutsidePlan(m listed) bool {
	if len(m.plans) == 0 || l.status.Account == nil || l.status.Account.PlanType == nil {
		return false
	}
	return !slices.Contains(m.plans, *l.status.Account.PlanType)
}

// pinnedTo returns the route that a model is pinned to, "" for none.
func pinnedTo(model string) protocol.RouteName {
	for _, r := range table {
		if r.pinned && matches(r.pattern, model) {
			return r.route
		}
	}
	return ""
}

// isOlder compares versions such as 0.144.0. What is no version is not older.
func isOlder(version, than string) bool {
	a, b := strings.Split(version, "."), strings.Split(than, ".")
	for i := range min(len(a), len(b)) {
		x, errX := strconv.Atoi(a[i])
		y, errY := strconv.Atoi(b[i])
		if errX != nil || errY != nil {
			return false
		}
		if x != y {
			return x < y
		}
	}
	return len(a) < len(b) && than != ""
}

// isModelID reports whether text can be a model of a list: printable, and not a
// page of it.
func isModelID(text string) bool {
	return text != "" && len(text) <= 200 && isFieldValue(text)
}
