//go:build unix

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// modelRows are the rows of an answer to models/list.
func modelRows(t *testing.T, m message) (rows []string) {
	t.Helper()
	var list struct {
		Models []struct {
			ID, Route, Source string
			Available         bool
		}
	}
	require.NoError(t, json.Unmarshal(m.Result, &list), "%s", m.Raw)
	for _, r := range list.Models {
		rows = append(rows, fmt.Sprint(r.ID, " ", r.Route, " ", r.Source, " ", r.Available))
	}
	return rows
}

func TestModelsList(t *testing.T) {
	t.Parallel()
	for name, framing := range framings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := simulated(t, simulator.Config{})
			h := spawn(t, options{lsp: framing, upstream: sim})
			h.begin()
			first := modelRows(t, h.call("1", "models/list", ""))
			assert.Equal(t, []string{"gpt-5.2-codex chatgpt static true", "gpt-5.2-pro platform static true"}, first[:2])
			live := modelRows(t, h.call("2", "models/list", `{"refresh":true}`))
			assert.Contains(t, live, "gpt-6.1-sol chatgpt live true")
			assert.Contains(t, live, "gpt-5.5 platform live true")
			assert.Contains(t, modelRows(t, h.call("3", "models/list", `{"refresh":false}`)), "gpt-6.1-sol chatgpt cache true")
			for _, params := range []string{`{"refresh":1}`, `{"refresh":"true"}`} {
				refused(t, h.call("4", "models/list", params), -32602, "invalid_params", "")
				refused(t, h.call("4", "limits/read", params), -32602, "invalid_params", "")
			}
			h.ping()
		})
	}
}

// Without a login models/list still answers, and asks nobody.
func TestModelsListLoggedOut(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{})
	h := spawn(t, options{upstream: sim, home: t.TempDir()})
	for _, row := range modelRows(t, h.call("1", "models/list", `{"refresh":true}`)) {
		assert.Regexp(t, "static false$", row)
	}
	assert.Empty(t, sim.Requests())
}

func TestLimitsRead(t *testing.T) {
	t.Parallel()
	for name, framing := range framings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := simulated(t, simulator.Config{})
			h := spawn(t, options{lsp: framing, upstream: sim})
			h.begin()
			assert.JSONEq(t, `{"chatgpt":null,"platform":null}`, string(h.call("1", "limits/read", "").Result))
			read := h.call("2", "limits/read", `{"refresh":true}`)
			var limits struct {
				ChatGPT struct {
					PlanType string
					Windows  []struct {
						Name          string
						UsedPercent   float64
						WindowMinutes int
						ResetsAt      time.Time
					}
				}
				Platform *struct {
					Requests struct{ Limit, Remaining int }
				}
			}
			require.NoError(t, json.Unmarshal(read.Result, &limits))
			require.Len(t, limits.ChatGPT.Windows, 3)
			assert.Equal(t, "primary", limits.ChatGPT.Windows[0].Name)
			assert.Equal(t, 9.0, limits.ChatGPT.Windows[0].UsedPercent)
			assert.Equal(t, 10080, limits.ChatGPT.Windows[1].WindowMinutes)
			assert.Nil(t, limits.Platform)

			h.create("3", `{"model":"gpt-5.2-pro","input":"hi"}`)
			require.NoError(t, json.Unmarshal(h.call("4", "limits/read", "").Result, &limits))
			assert.Equal(t, 5000, limits.Platform.Requests.Limit)
		})
	}
}

// limits/changed holds the whole of limits/read, after an initialize, at most
// once a second.
func TestLimitsChanged(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{})
	h := spawn(t, options{lsp: lsp, upstream: sim})
	h.begin()
	start := time.Now()
	h.create("1", `{"model":"gpt-5.2-codex","input":"hi","stream":true}`)
	h.create("2", `{"model":"gpt-5.2-pro","input":"hi","stream":true}`)
	for i := range 4 {
		h.call(fmt.Sprint(10+i), "limits/read", `{"refresh":true}`)
		h.create(fmt.Sprint(20+i), `{"model":"gpt-5.2-codex","input":"hi"}`)
	}
	awaitThat(t, "a second limits/changed with the whole of limits/read", func() bool {
		read := h.call("99", "limits/read", "")
		return len(h.limits) > 1 && string(h.limits[len(h.limits)-1].Params) == string(read.Result)
	})
	assert.LessOrEqual(t, float64(len(h.limits)-1), time.Since(start).Seconds())
	assert.GreaterOrEqual(t, time.Since(start), time.Second)
}

// A host that has opted out, or that began without an initialize, gets none.
func TestLimitsChangedUnwanted(t *testing.T) {
	t.Parallel()
	for name, hello := range map[string]string{
		"implicit":  "",
		"opted out": request(`"hello"`, "initialize", `{"optOutNotifications":["limits/changed"]}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := simulated(t, simulator.Config{})
			h := spawn(t, options{upstream: sim})
			if hello != "" {
				h.send(hello)
				h.answer(`"hello"`)
			}
			h.create("1", `{"model":"gpt-5.2-codex","input":"hi"}`)
			h.create("2", `{"model":"gpt-5.2-pro","input":"hi"}`)
			h.ping()
			require.NoError(t, h.in.Close())
			h.exit()
			assert.Empty(t, h.limits)
		})
	}
}

// A refresh that waits for a backend can be cancelled, and holds up nothing else.
func TestLookupsCancelled(t *testing.T) {
	t.Parallel()
	h := spawn(t, serving(t, false, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	for _, id := range []string{"1", "2"} { // the second joins the first's question
		h.send(request(id, "models/list", `{"refresh":true}`))
		h.ping()
		assert.Equal(t, "gpt-5.2-codex chatgpt static false", modelRows(t, h.call(`"now"`, "models/list", ""))[0])
		h.send(notification("$/cancelRequest", `{"id":`+id+`}`))
		refused(t, h.answer(id), -32800, "cancelled", "")
	}
}
