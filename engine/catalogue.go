package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/signalbox-dev/signalbox/internal/flight"
	"github.com/signalbox-dev/signalbox/protocol"
)

const (
	// catalogueLife is how long a list of models counts as fresh, as in Codex.
	catalogueLife = 300 * time.Second
	// catalogueAgain is how long after a try that failed the background tries again.
	catalogueAgain = time.Minute
	// maxModels of one list are kept, and maxWords of a list in one of them.
	maxModels, maxWords = 1000, 20
)

// listed is one model in the list of a backend.
type listed struct {
	id, name      string
	priority      float64
	contextWindow int64
	maxOutput     int64
	modalities    []string
	efforts       []string
	toolCalling   *bool
	hidden        bool
	// minClient is the lowest client version that is served; "": any.
	minClient string
	// plans that include the model; empty if the backend does not say.
	plans []string
}

// catalogue is the list of models of one route, as last heard. mu guards it; it
// is not held while the network is waited for.
type catalogue struct {
	mu sync.Mutex
	// owner is the account or key the list was fetched for; for any other owner
	// there is no list.
	owner string
	// etag of the list and the models; heard is zero when there is no list.
	etag   string
	models []listed
	heard  time.Time
	// tried is when the last try began, and failure why it brought nothing.
	tried   time.Time
	failure string
	// stale: an answer has named another etag.
	stale bool
	// asking are the tries that run, by owner.
	asking flight.Group[string, struct{}]
}

// catalogueView is a catalogue at one moment.
type catalogueView struct {
	models  []listed
	heard   time.Time
	failure string
}

// view returns the list of an owner.
func (c *catalogue) view(owner string) catalogueView {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.owner != owner {
		return catalogueView{}
	}
	return catalogueView{c.models, c.heard, c.failure}
}

// outdate notes the etag of the list that an answer names.
func (c *catalogue) outdate(etag string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if etag != "" && c.etag != "" && etag != c.etag {
		c.stale = true
	}
}

// fill starts asking the backend, unless that runs already or, without force, is
// not due. The channel is closed at the end; nil means that nothing runs.
func (c *catalogue) fill(owner string, force bool, ask func(etag string) (lookup, error), read func([]byte) ([]listed, bool)) <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.owner != owner {
		c.owner, c.etag, c.models, c.heard, c.tried, c.failure, c.stale = owner, "", nil, time.Time{}, time.Time{}, "", false
	}
	running := c.asking.Running(owner)
	isFresh := !c.heard.IsZero() && time.Since(c.heard) < catalogueLife && !c.stale
	switch {
	case running != nil:
		return running.Done()
	case !force && (isFresh || c.failure != "" && time.Since(c.tried) < catalogueAgain):
		return nil
	}
	c.tried, c.stale = time.Now(), false
	etag := c.etag
	running, _ = c.asking.Join(owner, func() struct{} {
		answer, err := ask(etag)
		c.record(owner, answer, err, read)
		return struct{}{}
	})
	return running.Done()
}

// record keeps what a try brought, unless the owner has changed meanwhile.
func (c *catalogue) record(owner string, answer lookup, err error, read func([]byte) ([]listed, bool)) {
	var models []listed
	why := answer.failed(err)
	isSame := why == "" && answer.status == http.StatusNotModified
	if why == "" && !isSame {
		var ok bool
		if models, ok = read(answer.body); !ok {
			why = notParsed
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.owner != owner {
		return
	}
	c.failure = why
	if why != "" {
		return
	}
	c.heard = time.Now()
	if !isSame {
		c.models, c.etag = models, answer.header.Get("ETag")
		if len(c.etag) > maxID {
			c.etag = ""
		}
	}
}

// askChatGPTModels is GET /models of the ChatGPT backend.
func (e *Engine) askChatGPTModels(ctx context.Context, etag string) (lookup, error) {
	target, err := e.target(ctx, protocol.RouteChatGPT)
	if err != nil {
		return lookup{}, err
	}
	c := e.constrained(ctx, target.accountID, target.authorize)
	where := c.place(target.baseURL) + "/models?client_version=" + url.QueryEscape(e.cfg.ClientVersion)
	return e.get(ctx, where, func(h http.Header) {
		h.Set("Version", e.cfg.ClientVersion)
		h.Set("Originator", e.cfg.Originator)
		h.Set("User-Agent", UserAgent(e.cfg.Originator, e.cfg.Version))
		if c.override != "" {
			h.Set(overrideHeader, c.override)
		}
		if etag != "" {
			h.Set("If-None-Match", etag)
		}
		target.authorize(h)
	})
}

// askPlatformModels is GET /models of the Platform.
func (e *Engine) askPlatformModels(ctx context.Context, etag string) (lookup, error) {
	key, err := e.cfg.Credentials.PeekPlatform(ctx)
	if err != nil {
		return lookup{}, err
	}
	if key.Pending() { // nothing is exchanged for a list (docs/credentials.md: Exchange)
		return lookup{}, protocol.NewError(protocol.CodeLoginRequired, "The login was not exchanged for a Platform key yet.",
			protocol.ErrorData{
				Reason: protocol.ReasonNoCredentials, Action: "Ask for auth/exchange.",
				Need: protocol.CredentialPlatformKey, Have: e.have(ctx), LoginMethods: loginMethods(protocol.RoutePlatform),
			})
	}
	return e.get(ctx, e.cfg.PlatformBaseURL+"/models", func(h http.Header) {
		e.platformHeaders(h)
		h.Del("Content-Type") // there is no content
		if etag != "" {
			h.Set("If-None-Match", etag)
		}
		key.Authorize(h)
	})
}

// readChatGPTModels reads the catalogue of the ChatGPT backend, in the order of
// its priorities. Members of unexpected types are left out.
func (e *Engine) readChatGPTModels(body []byte) ([]listed, bool) {
	var answer struct {
		Models []json.RawMessage `json:"models"`
	}
	if !decode(body, &answer) || answer.Models == nil {
		return nil, false
	}
	var models []listed
	for _, text := range answer.Models {
		var m struct {
			Slug       string   `json:"slug"`
			Name       string   `json:"display_name"`
			Visibility string   `json:"visibility"`
			Priority   *float64 `json:"priority"`
			Window     float64  `json:"context_window"`
			MaxWindow  float64  `json:"max_context_window"`
			MaxOutput  float64  `json:"max_output_tokens"`
			Modalities []string `json:"input_modalities"`
			Levels     []struct {
				Effort string `json:"effort"`
			} `json:"supported_reasoning_levels"`
			MinClient string   `json:"minimal_client_version"`
			Plans     []string `json:"available_in_plans"`
		}
		if !decode(text, &m) || !isModelID(m.Slug) || len(models) >= maxModels {
			continue
		}
		l := listed{
			id: m.Slug, name: brief(e.cfg.Mask.Mask, m.Name), priority: 1e9,
			contextWindow: tokens(m.Window), maxOutput: tokens(m.MaxOutput),
			modalities: e.words(m.Modalities), minClient: brief(e.cfg.Mask.Mask, m.MinClient), plans: e.words(m.Plans),
			hidden: m.Visibility == "hide" || m.Visibility == "none",
			// All models of this catalogue are made to work with tools.
			toolCalling: new(true),
		}
		if l.contextWindow == 0 {
			l.contextWindow = tokens(m.MaxWindow)
		}
		if m.Priority != nil {
			l.priority = *m.Priority
		}
		for _, level := range m.Levels[:min(len(m.Levels), maxWords)] {
			if level.Effort != "" {
				l.efforts = append(l.efforts, brief(e.cfg.Mask.Mask, level.Effort))
			}
		}
		models = append(models, l)
	}
	slices.SortStableFunc(models, func(a, b listed) int { return cmp.Compare(a.priority, b.priority) })
	return models, true
}

// readPlatformModels reads the list of the Platform, which holds ids only, in
// their order.
func (e *Engine) readPlatformModels(body []byte) ([]listed, bool) {
	var answer struct {
		Data []json.RawMessage `json:"data"`
	}
	if !decode(body, &answer) || answer.Data == nil {
		return nil, false
	}
	var models []listed
	for _, text := range answer.Data {
		var m struct {
			ID string `json:"id"`
		}
		if !decode(text, &m) || !isModelID(m.ID) || len(models) >= maxModels {
			continue
		}
		models = append(models, describe(m.ID))
	}
	slices.SortFunc(models, func(a, b listed) int { return strings.Compare(a.id, b.id) })
	return models, true
}

// words masks and bounds a list of words of a backend.
func (e *Engine) words(list []string) []string {
	var words []string
	for _, w := range list[:min(len(list), maxWords)] {
		if w != "" {
			words = append(words, brief(e.cfg.Mask.Mask, w))
		}
	}
	return words
}

// tokens returns a number of tokens, 0 for one that cannot be meant.
func tokens(n float64) int64 {
	if !isCount(n) {
		return 0
	}
	return int64(n)
}
