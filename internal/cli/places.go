package cli

import "github.com/signalbox-dev/signalbox/auth"

// places are where everything goes that is sent.
type places struct {
	chatgpt, platform auth.Endpoint
	issuer            auth.Issuer
}

// choosePlaces reads the flags and variables that name them; the error is that of
// a bad flag.
func choosePlaces(s *settings, getenv func(string) string) (to places, err error) {
	if to.chatgpt, err = auth.ChatGPTEndpoint(s.chatgptBaseURL, getenv("SIGNALBOX_CHATGPT_BASE_URL")); err != nil {
		return to, err
	}
	if to.platform, err = auth.PlatformEndpoint(s.platformBaseURL, getenv("OPENAI_BASE_URL")); err != nil {
		return to, err
	}
	to.issuer, err = auth.IssuerEndpoint(s.issuer, getenv)
	return to, err
}
