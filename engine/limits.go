package engine

import (
	"cmp"
	"context"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/signalbox-dev/signalbox/protocol"
)

// maxWindows bounds what one answer can make us remember.
const maxWindows = 32

// limits is what the backends last said about their limits. The zero value is
// ready.
type limits struct {
	mu sync.Mutex
	// account of chatgpt: what is said about another one does not mix with it.
	account  string
	chatgpt  *protocol.ChatGPTLimits
	platform *protocol.PlatformLimits
	// changed is called, with mu not held, after a change of more than the time.
	changed func()
}

// WatchLimits has f called after each change of what Limits returns, on the
// goroutine that found it; f must not block. Call it before the first request.
func (e *Engine) WatchLimits(f func()) { e.limits.changed = f }

// Limits returns what the backends last said about the account that counts now.
func (e *Engine) Limits(ctx context.Context) protocol.UsageLimits {
	account := ""
	if who := e.cfg.Credentials.Status(ctx).Account; who != nil && who.AccountID != nil {
		account = *who.AccountID
	}
	e.limits.mu.Lock()
	defer e.limits.mu.Unlock()
	known := protocol.UsageLimits{ChatGPT: e.limits.chatgpt, Platform: e.limits.platform}
	if account != "" && account != e.limits.account {
		known.ChatGPT = nil
	}
	return known
}

// RefreshLimits asks the usage endpoint of the ChatGPT backend once, and returns
// what is known then. Like Limits it never fails; the warnings say why nothing new
// came.
func (e *Engine) RefreshLimits(ctx context.Context) protocol.UsageLimits {
	why := e.askUsage(ctx)
	known := e.Limits(ctx)
	if why != "" {
		known.Warnings = []string{protocol.Sentence("the usage of the ChatGPT route could not be refreshed: " + why)}
	}
	return known
}

// askUsage is GET /wham/usage. It returns why that brought nothing, "" if it did.
func (e *Engine) askUsage(ctx context.Context) string {
	target, err := e.target(ctx, protocol.RouteChatGPT)
	if err != nil {
		return lookup{}.failed(err)
	}
	c := e.constrained(ctx, target.accountID, target.authorize)
	answer, err := e.get(ctx, parentURL(c.place(target.baseURL))+"/wham/usage", func(h http.Header) {
		h.Set("User-Agent", UserAgent(e.cfg.Originator, e.cfg.Version))
		if c.override != "" {
			h.Set(overrideHeader, c.override)
		}
		target.authorize(h)
	})
	if why := answer.failed(err); why != "" {
		return why
	}
	observed, ok := readUsage(answer.body, e.cfg.Mask.Mask)
	if !ok {
		return notParsed
	}
	e.limits.record(target.accountID, observed, true)
	return ""
}

// record keeps what the ChatGPT backend said about an account. whole means that it
// said all there is, so that windows which it does not name are gone.
func (l *limits) record(account string, observed *protocol.ChatGPTLimits, whole bool) {
	if observed == nil {
		return
	}
	l.mu.Lock()
	before := l.chatgpt
	next := observed
	if account == l.account && !whole {
		next = mergeLimits(before, observed)
	}
	l.account, l.chatgpt = account, next
	same := before != nil && reflect.DeepEqual(withoutTime(*before), withoutTime(*next))
	l.mu.Unlock()
	if !same && l.changed != nil {
		l.changed()
	}
}

func withoutTime(c protocol.ChatGPTLimits) protocol.ChatGPTLimits {
	c.ObservedAt = ""
	return c
}

// recordPlatform keeps what the Platform said about its key.
func (l *limits) recordPlatform(observed *protocol.PlatformLimits) {
	if observed == nil {
		return
	}
	l.mu.Lock()
	before := l.platform
	l.platform = observed
	same := before != nil && reflect.DeepEqual(before.Requests, observed.Requests) && reflect.DeepEqual(before.Tokens, observed.Tokens)
	l.mu.Unlock()
	if !same && l.changed != nil {
		l.changed()
	}
}

// mergeLimits returns what is known after fresh was observed; old may be nil.
func mergeLimits(old, fresh *protocol.ChatGPTLimits) *protocol.ChatGPTLimits {
	if old == nil {
		return fresh
	}
	merged := *fresh
	merged.Windows = mergeWindows(old.Windows, fresh.Windows)
	merged.PlanType = cmp.Or(fresh.PlanType, old.PlanType)
	if merged.Credits == nil {
		merged.Credits = old.Credits
	}
	return &merged
}

// mergeWindows puts fresh windows in the place of old ones of the same name.
func mergeWindows(old, fresh []protocol.UsageWindow) []protocol.UsageWindow {
	merged := slices.Clone(fresh)
	for _, w := range old {
		if !slices.ContainsFunc(fresh, func(f protocol.UsageWindow) bool { return f.Name == w.Name }) {
			merged = append(merged, w)
		}
	}
	return sortWindows(merged)
}

// sortWindows puts those of the plan itself first.
func sortWindows(all []protocol.UsageWindow) []protocol.UsageWindow {
	slices.SortStableFunc(all, func(a, b protocol.UsageWindow) int {
		if further := cmp.Compare(strings.Count(a.Name, "_"), strings.Count(b.Name, "_")); further != 0 {
			return further
		}
		return cmp.Compare(a.Name, b.Name)
	})
	return all[:min(len(all), maxWindows)]
}
