package engine

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/auth"
	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/protocol"
)

// rowsOf writes the rows as "id route source", with why a model cannot be used.
func rowsOf(list protocol.ModelsListResult) []string {
	var rows []string
	for _, m := range list.Models {
		row := fmt.Sprintf("%s %s %s", m.ID, m.Route, m.Source)
		if !m.Available {
			row += " " + string(m.Reason)
		}
		if m.Hidden {
			row += " hidden"
		}
		rows = append(rows, row)
	}
	return rows
}

func TestModelsLive(t *testing.T) {
	server, e := simulate(t, simulator.Config{}, func(s *setting) { s.auth.ChatGPT.URL = s.ChatGPTBaseURL })
	list := e.Models(t.Context(), true)
	assert.Empty(t, list.Warnings)
	assert.Equal(t, []string{
		"gpt-5.2-codex chatgpt live",
		"gpt-5.2-pro platform live",
		"gpt-6.1-sol chatgpt live",
		"codex-auto-review chatgpt live hidden",
		"gpt-5.2-pro-2025-12-11 platform live",
		"gpt-5.5 platform live",
		"text-embedding-3-small platform live hidden",
		"whisper-1 platform live hidden",
	}, rowsOf(list))
	codex := list.Models[0]
	assert.Equal(t, "GPT-5.2 Codex", codex.Name)
	assert.EqualValues(t, 272000, codex.ContextWindow)
	assert.Equal(t, []string{"text", "image"}, codex.InputModalities)
	assert.Equal(t, []string{"low", "medium", "high"}, codex.Efforts)
	assert.True(t, *codex.ToolCalling)
	assert.Equal(t, server.ChatGPTURL(), codex.BaseURL)
	assert.Equal(t, "responses", codex.API)
	assert.EqualValues(t, 128000, list.Models[1].MaxOutputTokens)

	for _, r := range server.Requests() {
		switch r.Path {
		case "/backend-api/codex/models":
			assert.Equal(t, "client_version=0.169.0", r.Query)
			assert.Equal(t, "0.169.0", r.Header.Get("Version"))
			assert.Equal(t, "signalbox", r.Header.Get("Originator"))
			assert.Equal(t, "*/*", r.Header.Get("Accept"))
		case "/v1/models":
			assert.Empty(t, r.Header["Chatgpt-Account-Id"])
			assert.Empty(t, r.Header["User-Agent"])
			assert.Empty(t, r.Header["Content-Type"])
		}
	}
	assert.Equal(t, "gpt-5.2-codex chatgpt cache", rowsOf(e.Models(t.Context(), false))[0])
}

// Without refresh nothing is waited for: what is built in comes at once, and what
// the backends say is there the next time.
func TestModelsInTheBackground(t *testing.T) {
	release := make(chan struct{})
	var asked atomic.Int64
	e := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		select {
		case <-release:
		case <-r.Context().Done():
		}
		if strings.HasSuffix(r.URL.Path, "/codex/models") {
			_, _ = io.WriteString(w, `{"models":[{"slug":"m"}]}`)
		} else {
			_, _ = io.WriteString(w, `{"data":[{"id":"gpt-5.2-pro"},{"id":"z"},{"id":"a"},{"id":"a"},{"id":""},{"id":7},7]}`)
		}
	})
	for range 3 {
		list := e.Models(t.Context(), false)
		assert.Empty(t, list.Warnings)
		assert.Equal(t, []string{"gpt-5.2-codex chatgpt static", "gpt-5.2-pro platform static"}, rowsOf(list)[:2])
		for _, m := range list.Models {
			assert.True(t, m.Available)
			assert.Equal(t, protocol.ModelsStatic, m.Source)
		}
	}
	close(release)
	require.Eventually(t, func() bool {
		list := e.Models(t.Context(), false)
		return slices.Equal(rowsOf(list), []string{
			"gpt-5.2-codex chatgpt static", "gpt-5.2-pro platform cache", "m chatgpt cache", "a platform cache", "z platform cache",
		}) && slices.Equal(list.Warnings, []string{"The list of the chatgpt route does not name gpt-5.2-codex, which may not be served to this account."})
	}, 10*time.Second, time.Millisecond)
	assert.EqualValues(t, 2, asked.Load(), "one request for each list")
}

// The ChatGPT list is asked for again after 300 s, with its entity tag; a 304
// keeps it.
func TestModelsAreCached(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tags []string
		status := 200
		e := newEngine(t, "", func(s *setting) {
			s.ChatGPTBaseURL = "http://upstream/codex"
			s.auth.APIKey = protocol.Secret{}
			s.Transport = transportFunc(func(r *http.Request) (*http.Response, error) {
				recorder := httptest.NewRecorder()
				switch {
				case !strings.HasSuffix(r.URL.Path, "/models"):
					recorder.WriteHeader(404)
				case r.Header.Get("If-None-Match") == `"v1"` && status == 200:
					tags = append(tags, "same")
					recorder.WriteHeader(304)
				default:
					tags = append(tags, r.Header.Get("If-None-Match"))
					recorder.Header().Set("ETag", `"v1"`)
					recorder.WriteHeader(status)
					_, _ = io.WriteString(recorder, `{"models":[{"slug":"gpt-5.2-codex"},{"slug":"m"}]}`)
				}
				return recorder.Result(), nil
			})
		})
		source := func(refresh bool) string {
			list := e.Models(t.Context(), refresh)
			synctest.Wait()
			i := slices.IndexFunc(list.Models, func(m protocol.Model) bool { return m.ID == "m" })
			if i < 0 {
				return "absent"
			}
			return string(list.Models[i].Source)
		}
		assert.Equal(t, "absent", source(false))
		assert.Equal(t, "cache", source(false))
		time.Sleep(299 * time.Second)
		assert.Equal(t, "cache", source(false))
		assert.Equal(t, []string{""}, tags)
		time.Sleep(2 * time.Second)
		assert.Equal(t, "cache", source(false))
		assert.Equal(t, []string{"", "same"}, tags)
		assert.Equal(t, "live", source(true))
		assert.Equal(t, []string{"", "same", "same"}, tags)

		// An answer that names another tag makes the list old.
		e.chatgptModels.outdate(`"v1"`)
		assert.Equal(t, "cache", source(false))
		assert.Len(t, tags, 3)
		e.chatgptModels.outdate(`"v2"`)
		assert.Equal(t, "cache", source(false))
		assert.Len(t, tags, 4)

		// A failure keeps the list, says so, and is not tried again at once.
		status = 500
		list := e.Models(t.Context(), true)
		assert.Equal(t, []string{"The models of the chatgpt route could not be listed: the answer was status 500."}, list.Warnings)
		assert.Equal(t, "cache", source(false))
		time.Sleep(301 * time.Second)
		assert.Equal(t, "cache", source(false))
		assert.Len(t, tags, 6)
		assert.Equal(t, "cache", source(false))
		assert.Len(t, tags, 6)
		time.Sleep(catalogueAgain)
		assert.Equal(t, "cache", source(false))
		assert.Len(t, tags, 7)
	})
}

// It never fails, whatever a backend says, and the pinned models are there.
func TestModelsNeverFail(t *testing.T) {
	for name, body := range map[string]string{
		"not JSON": `<html>`, "another shape": `{"models":{},"data":"x"}`, "a list": `[]`, "empty": ``, "null": `null`,
	} {
		t.Run(name, func(t *testing.T) {
			e := serve(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, body) })
			list := e.Models(t.Context(), true)
			assert.Len(t, list.Warnings, 2)
			assert.Equal(t, []string{"gpt-5.2-codex chatgpt static", "gpt-5.2-pro platform static"}, rowsOf(list)[:2])
		})
	}
	t.Run("no connection", func(t *testing.T) {
		list := newEngine(t, "http://127.0.0.1:1").Models(t.Context(), true)
		assert.Equal(t, []string{
			"The models of the chatgpt route could not be listed: the connection failed.",
			"The models of the platform route could not be listed: the connection failed.",
		}, list.Warnings)
		assert.Contains(t, rowsOf(list), "gpt-5.2-pro platform static")
	})
	t.Run("no credential", func(t *testing.T) {
		list := newEngine(t, "", func(s *setting) { s.auth = auth.Config{} }).Models(t.Context(), true)
		assert.NotNil(t, list.Warnings)
		assert.Empty(t, list.Warnings)
		require.Greater(t, len(list.Models), 2)
		for _, m := range list.Models {
			assert.False(t, m.Available)
			assert.Equal(t, protocol.ReasonNoCredentials, m.Reason)
		}
	})
}

func TestModelsThatCannotBeUsed(t *testing.T) {
	e := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/codex/models") {
			_, _ = io.WriteString(w, `{"models":[
				{"slug":"low","priority":2,"available_in_plans":["plus","pro"],"minimal_client_version":"0.169.0"},
				{"slug":"high","priority":1,"visibility":"none","minimal_client_version":"0.169.1"},
				{"slug":"pro-only","available_in_plans":["pro"],"display_name":7,"context_window":"x","supported_reasoning_levels":[7,{"effort":"low"}]},
				{"slug":"gpt-5.2-pro"},{"slug":"bad\nid"},{"slug":"`+strings.Repeat("x", 300)+`"}]}`)
		} else {
			_, _ = io.WriteString(w, `{"data":[{"id":"gpt-5.2-codex"},{"id":"gpt-5.2-pro"}]}`)
		}
	}, func(s *setting) { s.auth.AccessToken = protocol.NewSecret(fakeToken(`,"chatgpt_plan_type":"plus"`)) })
	assert.Equal(t, []string{
		"gpt-5.2-codex chatgpt static",
		"gpt-5.2-pro platform live",
		"high chatgpt live model_unavailable hidden",
		"low chatgpt live",
		"pro-only chatgpt live usage_not_included",
		"gpt-5.2-pro chatgpt live pinned_route",
		"gpt-5.2-codex platform live pinned_route",
	}, rowsOf(e.Models(t.Context(), true)))
}

func TestIsOlder(t *testing.T) {
	for _, tt := range []struct {
		version, than string
		want          bool
	}{
		{"0.169.0", "", false}, {"0.169.0", "0.169.0", false}, {"0.169.0", "0.99.0", false}, {"0.169.0", "0.170.0", true},
		{"0.169", "0.169.1", true}, {"1.0.0", "0.170.0", false}, {"dev", "0.170.0", false}, {"0.169.0", "next", false},
	} {
		assert.Equal(t, tt.want, isOlder(tt.version, tt.than), "%s %s", tt.version, tt.than)
	}
}
