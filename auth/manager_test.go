package auth

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Faults: B8.
func TestHome(t *testing.T) {
	for _, c := range []struct{ codexHome, home, want string }{
		{"", "/home/u", "/home/u/.codex"},
		{"/x/with blänk/", "/home/u", "/x/with blänk"},
	} {
		got, err := Home(func(name string) string { return map[string]string{"CODEX_HOME": c.codexHome, "HOME": c.home}[name] })
		if err != nil || got != c.want {
			t.Errorf("%q, %q: got %q, %v, want %q", c.codexHome, c.home, got, err, c.want)
		}
	}
	got, err := Home(func(string) string { return "" })
	if err == nil && (!filepath.IsAbs(got) || filepath.Base(got) != ".codex") {
		t.Errorf("without HOME: %q", got)
	}
}

// What another program writes counts at the next call.
func TestFileReplaced(t *testing.T) {
	m := managerOf(t, "codex-chatgpt")
	ctx := t.Context()
	account := func() string {
		c, err := m.ChatGPT(ctx)
		return c.AccountID + outcome(t, err)
	}
	equal(t, "first", account(), "acct_1")
	first := m.view.load(ctx)
	equal(t, "unchanged", m.view.load(ctx) == first, true)

	text := func(id string) []byte {
		return []byte(`{"tokens":{"access_token":"` + token("account="+id) + `"}}`)
	}
	put(t, m.path, text("acct_2"))
	equal(t, "renamed over", account(), "acct_2")

	// The same size and the same time, another inode.
	put(t, m.path, text("acct_3"))
	same := m.view.load(ctx).Info.ModTime()
	put(t, m.path, text("acct_4"))
	if err := os.Chtimes(m.path, same, same); err != nil {
		t.Fatal(err)
	}
	equal(t, "same time, another inode", account(), "acct_4")

	// The same inode, another time.
	if err := os.WriteFile(m.path, text("acct_5"), 0o600); err != nil {
		t.Fatal(err)
	}
	equal(t, "written in place", account(), "acct_5")

	// The same inode, size and time: as when two writes come within one step of
	// the file system's clock.
	stamp := time.Now()
	for _, id := range []string{"acct_6", "acct_7", "acct_8"} {
		if err := os.WriteFile(m.path, text(id), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(m.path, stamp, stamp); err != nil {
			t.Fatal(err)
		}
		equal(t, "written within a moment", account(), id)
	}

	put(t, m.path, []byte("[]"))
	equal(t, "broken", account(), "corrupt")
	if err := os.Remove(m.path); err != nil {
		t.Fatal(err)
	}
	equal(t, "removed", account(), "no_credentials")
	put(t, m.path, text("acct_9"))
	equal(t, "back", account(), "acct_9")
}

// A torn file that stays as it is costs its 100 ms once.
func TestBrokenFileIsCached(t *testing.T) {
	m := managerOf(t, "broken-empty")
	first := m.view.load(t.Context())
	equal(t, "torn", first.Torn, true)
	equal(t, "cached", m.view.load(t.Context()) == first, true)
}

// Every reader sees one whole file or the other, while it is replaced all the
// time. To be run with -race.
func TestConcurrentReaders(t *testing.T) {
	m := managerOf(t, "codex-chatgpt")
	one := []byte(`{"tokens":{"access_token":"` + token("account=one") + `","account_id":"one"},"OPENAI_API_KEY":"sk-` + canary + `-one"}`)
	two := []byte(`{"tokens":{"access_token":"` + token("account=two") + `","account_id":"two"},"OPENAI_API_KEY":"sk-` + canary + `-two"}`)
	put(t, m.path, one)
	ctx := t.Context()
	done := make(chan struct{})
	var readers, writer sync.WaitGroup
	writer.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			default:
			}
			// Not put, which may call t.Fatal.
			next := m.path + ".writer"
			_ = os.WriteFile(next, [][]byte{one, two}[i%2], 0o600)
			_ = os.Rename(next, m.path)
		}
	})
	for range 8 {
		readers.Go(func() {
			for range 100 {
				c, err := m.ChatGPT(ctx)
				if err != nil || c.AccountID != "one" && c.AccountID != "two" {
					t.Errorf("account %q", c.AccountID)
				}
				if _, err := m.Platform(ctx); err != nil {
					t.Error("no key")
				}
				if mode, err := m.Mode(ctx); err != nil || mode != "apiKey" {
					t.Errorf("mode %q", mode)
				}
				if s := m.Status(ctx); s.State != "authenticated" {
					t.Errorf("state %q", s.State)
				}
				if strings.Contains(m.masked.Mask("x sk-"+canary+"-one y"), canary) {
					t.Error("not masked")
				}
			}
		})
	}
	readers.Wait()
	close(done)
	writer.Wait()
}
