//go:build linux

package e2e

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/simulator"
)

// inflating returns a few KiB of gzip that become size bytes: head, then element as
// often as there is room for, then tail.
func inflating(t *testing.T, size int, head, element, tail string) []byte {
	t.Helper()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := fmt.Fprint(w, head, strings.Repeat(element+",", (size-len(head)-len(tail))/(len(element)+1)-1), element, tail)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.Less(t, packed.Len(), 100<<10)
	return packed.Bytes()
}

// A few KiB of gzip that become millions of values cost a lookup its answer, and
// the process no memory to speak of. The peak of each stays below 40 MiB.
//
// Faults: U3.
func TestHostileLookupsAreBounded(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, path, method, params string
		head, element, tail        string
	}{
		{"models, empty", "/models", "models/list", `{"refresh":true}`, `{"models":[`, `{}`, `],"data":[{}]}`},
		{"models, numbers", "/models", "models/list", `{"refresh":true}`, `{"models":[{"slug":"m"}],"data":[`, `1`, `]}`},
		{"models, one with many words", "/models", "models/list", `{"refresh":true}`, `{"data":[],"models":[{"slug":"m","available_in_plans":[`, `""`, `]}]}`},
		{"models, one with long words", "/models", "models/list", `{"refresh":true}`, `{"data":[],"models":[{"slug":"m","minimal_client_version":"`, strings.Repeat("9", 999), `"}]}`},
		{"usage, limits", "/wham/usage", "limits/read", `{"refresh":true}`, `{"additional_rate_limits":[`, `{}`, `]}`},
		{"usage, members", "/wham/usage", "limits/read", `{"refresh":true}`, `{"plan_type":"plus"`, `"":0`, `}`},
		{"accounts", "/wham/accounts/check", "limits/read", `{"refresh":true}`, `{"accounts":[`, `{}`, `]}`},
		{"accounts, deep", "/wham/accounts/check", "limits/read", `{"refresh":true}`, `{"accounts":[`, strings.Repeat("[", 500) + strings.Repeat("]", 500), `]}`},
	} {
		// Far above the bound, and just below that of bytes.
		for _, size := range []int{16 << 20, 4<<20 - 1} {
			t.Run(fmt.Sprintf("%s, %d MiB", test.name, (size+1)>>20), func(t *testing.T) {
				t.Parallel()
				sim := simulated(t, simulator.Config{})
				body := inflating(t, size, test.head, test.element, test.tail)
				asked := make(chan struct{}, 100)
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if !strings.HasSuffix(r.URL.Path, test.path) {
						w.WriteHeader(http.StatusNotFound)
						return
					}
					w.Header().Set("Content-Encoding", "gzip")
					w.Header().Set("Content-Type", "application/json")
					_, _ = w.Write(body)
					asked <- struct{}{}
				}))
				t.Cleanup(server.Close)
				home := t.TempDir()
				require.NoError(t, sim.WriteHome(home))
				h := spawn(t, options{home: home, args: []string{
					"--chatgpt-base-url=" + server.URL + "/backend-api/codex", "--platform-base-url=" + server.URL + "/v1", "--issuer=" + sim.IssuerURL(),
				}})
				h.ping()
				idle := h.kilobytes("VmHWM")
				m := h.call("1", test.method, test.params)
				require.NotNil(t, m.Result, "%s", m.Raw)
				assert.Less(t, len(m.Raw), 64<<10)
				require.NotEmpty(t, asked)
				if test.path != "/wham/accounts/check" && !strings.Contains(test.name, "long words") {
					assert.Contains(t, string(m.Result), "the answer is too large")
				}
				peak := h.kilobytes("VmHWM")
				t.Logf("%d KiB of gzip: %d MiB more at the peak", len(body)>>10, (peak-idle)>>10)
				if !slowBinary {
					assert.Less(t, peak-idle, 40<<10, "kB")
				}
			})
		}
	}
}
