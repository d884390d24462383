package auth

import "testing"

func TestMaskByValue(t *testing.T) {
	const plain = "plain " // no shape to go by
	m := NewManager(Config{
		Home: homeWith(t, []byte(`{"auth_mode":"headers","OPENAI_API_KEY":"`+plain+canary+`-key","tokens":{"id_token":"`+plain+canary+`-id",`+
			`"access_token":"`+plain+canary+`-access","refresh_token":"`+plain+canary+`-refresh"}}`)),
		APIKey: secret(" " + plain + canary + "-env\n"), AccessToken: secret("seven77"),
	})
	all := []string{"key", "id", "access", "refresh", "env"}
	for i := range 2 {
		for _, name := range all {
			value := plain + canary + "-" + name
			got := m.masked.Mask("<" + value + "|" + value + ">")
			want := "<[redacted]|[redacted]>"
			if i == 0 && name != "env" {
				want = "<" + value + "|" + value + ">" // the file has not been read yet
			}
			equal(t, name, got, want)
		}
		m.Status(t.Context())
	}
	// A longer one is masked as a whole, although another is its beginning.
	put(t, m.path, []byte(`{"OPENAI_API_KEY":"`+plain+canary+`-key-longer"}`))
	m.Status(t.Context())
	equal(t, "longer", m.masked.Mask("<"+plain+canary+"-key-longer>"), "<[redacted]>")
	// Those of before stay known.
	equal(t, "replaced", m.masked.Mask("<"+plain+canary+"-refresh>"), "<[redacted]>")
	equal(t, "short", m.masked.Mask("seven77"), "seven77")
	equal(t, "eight", NewManager(Config{APIKey: secret("eight888")}).masked.Mask("x-eight888-x"), "x-[redacted]-x")
}

// A file with a member of a wrong type is refused, and its tokens stay known.
func TestMaskOfACorruptFile(t *testing.T) {
	m := NewManager(Config{Home: homeWith(t, []byte(`{"OPENAI_API_KEY":5,"tokens":{"refresh_token":"plain `+canary+`"}}`))})
	_, err := m.ChatGPT(t.Context())
	equal(t, "reason", outcome(t, err), "corrupt")
	equal(t, "mask", m.masked.Mask("plain "+canary), "[redacted]")
}
