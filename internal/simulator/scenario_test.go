package simulator

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestScenarios(t *testing.T) {
	var names []string
	for _, s := range Scenarios() {
		assert.NotEmpty(t, s.Summary, s.Name)
		assert.NotContains(t, names, s.Name)
		names = append(names, s.Name)
	}
	assert.Equal(t, []string{
		"ok", "logged-out", "expired", "refresh-reused", "usage-limit", "rate-limit", "overloaded", "cut", "idle", "no-terminal",
		"failed", "incomplete", "mismatch", "slow", "tool-call", "login-denied", "report",
	}, names[:17], "these first, in this order")
	for name := range outcomes() {
		assert.Contains(t, names, name)
	}
	for name := range loginOutcomes() {
		assert.Contains(t, names, name)
	}
}

func TestUnknownScenario(t *testing.T) {
	_, err := Start(Config{Scenario: "nonsense"})
	require.Error(t, err)
	for _, s := range Scenarios() {
		assert.Contains(t, err.Error(), s.Name)
	}

	c := start(t, Config{})
	r := c.chatgpt(chatgptBody, "x-signalbox-simulate", "nonsense")
	assert.Equal(t, http.StatusBadRequest, r.StatusCode)
	assert.True(t, json.Valid([]byte(r.body)), r.body)
	assert.Contains(t, r.body, "nonsense")
}

func TestHeaderChoosesForOneRequest(t *testing.T) {
	for _, name := range []string{"failed", "server-error", "cut", "usage-limit"} {
		c := start(t, Config{Scenario: name})
		assert.Equal(t, spoken, types(c.chatgpt(chatgptBody, "x-signalbox-simulate", "ok").events(t)), name)
		assert.Equal(t, "503 /server_is_overloaded", c.outcome("/v1/responses", platformBody, "x-signalbox-simulate", "overloaded"), name)
		assert.Equal(t, outcomes()[name][1], c.outcome("/v1/responses", platformBody), name)
	}
}

// Of a scenario that a request chooses, nothing reaches the issuer.
func TestHeaderDoesNotChooseForTheIssuer(t *testing.T) {
	c := start(t, Config{})
	exchange := func(scenario string) int {
		return c.do(http.MethodPost, c.IssuerURL()+"/oauth/token", exchangeForm(c.Login().IDToken).Encode(),
			"content-type", "application/x-www-form-urlencoded", "x-signalbox-simulate", scenario).StatusCode
	}
	assert.Equal(t, http.StatusOK, exchange("report"), "a grant")
	assert.Equal(t, http.StatusOK, exchange("issuer-error"), "a path")

	c = start(t, Config{Scenario: "report"})
	assert.Equal(t, http.StatusBadRequest, exchange("ok"))
}

func TestCut(t *testing.T) {
	for name, cfg := range map[string]Config{"default": {Scenario: "cut"}, "byte by byte": {Scenario: "cut", WriteSize: 1}} {
		t.Run(name, func(t *testing.T) {
			c := start(t, cfg)
			r := c.chatgpt(chatgptBody)
			assert.Equal(t, http.StatusOK, r.StatusCode)
			assert.ErrorIs(t, r.err, io.ErrUnexpectedEOF)

			whole := strings.LastIndex(r.body, "\n\n") + 2
			torn := r.body[whole:]
			assert.Contains(t, torn, "\ndata: {", "the cut is in the data line")
			assert.NotContains(t, torn, "}\n")
			r.body = r.body[:whole]
			assert.NotEmpty(t, text(r.events(t), "response.output_text.delta"), "some text came before")

			unstreamed := c.platform(`{"model":"m","input":"x"}`)
			assert.ErrorIs(t, unstreamed.err, io.ErrUnexpectedEOF)
			assert.NotEmpty(t, unstreamed.body)
			for _, request := range c.Requests() {
				assert.False(t, request.Aborted, "it was not the client that left")
			}
		})
	}
}

func TestCutReplay(t *testing.T) {
	replay := []byte("data: 1\n\ndata: 2\n\n") // its middle is between two events
	c := start(t, Config{Scenario: "cut", Replay: replay})
	r := c.chatgpt(chatgptBody)
	assert.ErrorIs(t, r.err, io.ErrUnexpectedEOF)
	assert.True(t, strings.HasPrefix(string(replay), r.body))
	assert.NotEmpty(t, r.body)
	assert.False(t, strings.HasSuffix(r.body, "\n"), "in mid-line: %q", r.body)
}

func TestSlow(t *testing.T) {
	c := start(t, Config{Scenario: "slow"})
	began := time.Now()
	r := c.platform(`{"model":"m","input":"x"}`)
	assert.Equal(t, http.StatusOK, r.StatusCode)
	assert.GreaterOrEqual(t, time.Since(began), 100*time.Millisecond)
	assert.Equal(t, "completed", object(t, []byte(r.body))["status"])
}

func TestPauseEndsWithTheRequest(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1/", nil)
	require.NoError(t, err)
	x := &visit{r: r}
	began := time.Now()
	assert.False(t, x.pause(10*time.Second))
	assert.True(t, x.gone)
	assert.Less(t, time.Since(began), 5*time.Second)
}

func TestDawdlingEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := http.NewRequest(http.MethodGet, "http://127.0.0.1/", nil)
		require.NoError(t, err)
		began := time.Now()
		assert.True(t, dawdles(&visit{r: r}))
		assert.Equal(t, 30*time.Second, time.Since(began))
	})
}
