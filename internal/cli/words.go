package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/signalbox-dev/signalbox/protocol"
)

// credentialWords says for a person where a credential comes from.
func credentialWords(source protocol.CredentialSource) string {
	switch source {
	case protocol.SourceUnknown:
		return "none"
	case protocol.SourceEnvAccessToken:
		return "access token of OPENAI_OAUTH_ACCESS_TOKEN"
	case protocol.SourceEnvAPIKey:
		return "Platform key of OPENAI_API_KEY"
	case protocol.SourceAuthJSONOAuth:
		return "ChatGPT login in auth.json"
	case protocol.SourceKeyringOAuth:
		return "ChatGPT login in the keyring"
	case protocol.SourceAuthJSONAPIKey:
		return "Platform key in auth.json"
	case protocol.SourceKeyringAPIKey:
		return "Platform key in the keyring"
	case protocol.SourceTokenExchangeAPIKey:
		return "Platform key that the ChatGPT login was exchanged for"
	case protocol.SourceExplicitAPIKey:
		return "Platform key given to this process"
	}
	return string(source)
}

// when writes a time as a person reads it, in the local zone and from now: "14:40, in
// 2 h"; "3 Dec 14:40, in 2 days". A text that is no time stays as it is.
func when(text string, now time.Time) string {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return text
	}
	at, now = at.Local(), now.Local()
	layout := "2 Jan 15:04"
	switch {
	case at.Year() != now.Year():
		layout = "2 Jan 2006 15:04"
	case at.YearDay() == now.YearDay():
		layout = "15:04"
	}
	return at.Format(layout) + ", " + relative(at.Sub(now))
}

// relative writes a duration from now: "in 2 h", "5 min ago", "now".
func relative(d time.Duration) string {
	amount := roughly(d.Abs())
	switch {
	case d.Abs() < time.Second:
		return "now"
	case d > 0:
		return "in " + amount
	}
	return amount + " ago"
}

// roughly writes a duration in its largest unit, or two below three hours.
func roughly(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 3*time.Hour && int(d.Minutes())%60 != 0:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}

// count writes a number with its thousands apart: "272,000".
func count(n int64) string {
	text := fmt.Sprint(n)
	var parts []string
	for len(text) > 3 {
		parts = append([]string{text[len(text)-3:]}, parts...)
		text = text[:len(text)-3]
	}
	return strings.Join(append([]string{text}, parts...), ",")
}
