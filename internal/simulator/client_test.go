package simulator

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// client talks to a Server as a careful host would, over connections of its own.
type client struct {
	*Server
	t    *testing.T
	http *http.Client
}

func start(t *testing.T, cfg Config) client {
	t.Helper()
	s, err := Start(cfg)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return client{s, t, &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// reply is an answer that was read to its end.
type reply struct {
	*http.Response
	body string
	err  error // of reading the body
}

func (c client) do(method, url, body string, header ...string) reply {
	c.t.Helper()
	response, err := c.http.Do(c.request(context.Background(), method, url, body, header...))
	require.NoError(c.t, err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	return reply{response, string(content), err}
}

// request builds a request; header holds names and values in turn, a later one
// replaces an earlier one, and the value "-" removes it.
func (c client) request(ctx context.Context, method, url, body string, header ...string) *http.Request {
	c.t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	require.NoError(c.t, err)
	for i := 0; i < len(header); i += 2 {
		if header[i+1] == "-" {
			r.Header.Del(header[i])
		} else {
			r.Header.Set(header[i], header[i+1])
		}
	}
	return r
}

// chatgpt posts a body to the ChatGPT backend with the simulated account.
func (c client) chatgpt(body string, header ...string) reply {
	c.t.Helper()
	return c.do(http.MethodPost, c.ChatGPTURL()+"/responses", body, c.chatgptHeader(header...)...)
}

func (c client) chatgptHeader(more ...string) []string {
	return append([]string{
		"content-type", "application/json",
		"authorization", "Bearer " + c.Login().AccessToken,
		"chatgpt-account-id", c.Login().AccountID,
	}, more...)
}

// platform posts a body to the Platform with the simulated key.
func (c client) platform(body string, header ...string) reply {
	c.t.Helper()
	return c.do(http.MethodPost, c.PlatformURL()+"/responses", body, append([]string{
		"content-type", "application/json",
		"authorization", "Bearer " + c.Login().PlatformKey,
	}, header...)...)
}

// parsed is one event of a stream.
type parsed struct {
	event, data string
	Type        string           `json:"type"`
	Sequence    int              `json:"sequence_number"`
	Delta       string           `json:"delta"`
	Arguments   string           `json:"arguments"`
	Item        json.RawMessage  `json:"item"`
	Response    *json.RawMessage `json:"response"`
}

// events parses a whole stream naively: one event line and one data line each.
func (r reply) events(t *testing.T) []parsed {
	t.Helper()
	require.True(t, strings.HasSuffix(r.body, "\n\n"), "the last event is whole: %q", r.body)
	var all []parsed
	for i, block := range strings.Split(strings.TrimSuffix(r.body, "\n\n"), "\n\n") {
		lines := strings.Split(block, "\n")
		require.Len(t, lines, 2, block)
		var p parsed
		var ok bool
		p.event, ok = strings.CutPrefix(lines[0], "event: ")
		require.True(t, ok, block)
		p.data, ok = strings.CutPrefix(lines[1], "data: ")
		require.True(t, ok, block)
		require.NoError(t, json.Unmarshal([]byte(p.data), &p))
		assert.Equal(t, p.event, p.Type)
		assert.Equal(t, i, p.Sequence)
		assert.True(t, strings.HasPrefix(p.data, `{"type":`), p.data)
		all = append(all, p)
	}
	return all
}

// text joins the deltas of one type.
func text(events []parsed, name string) string {
	var joined strings.Builder
	for _, e := range events {
		if e.Type == name {
			joined.WriteString(e.Delta)
		}
	}
	return joined.String()
}

func types(events []parsed) []string {
	var all []string
	for _, e := range events {
		if len(all) == 0 || all[len(all)-1] != e.Type {
			all = append(all, e.Type)
		}
	}
	return all
}

// object decodes a JSON object.
func object(t *testing.T, raw []byte) map[string]any {
	t.Helper()
	var o map[string]any
	require.NoError(t, json.Unmarshal(raw, &o), string(raw))
	return o
}
