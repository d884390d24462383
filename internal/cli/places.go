package cli

import "github.com/signalbox-dev/signalbox/auth"

// places are the addresses that requests go to.
type places struct {
	chatgpt, platform auth.Endpoint
	issuer            auth.Issuer
}

// choosePlaces reads the flags and variables that name the places. Its error is a
// usage error.
func choosePlaces(f *flags, getenv func(string) string) (to places, err error) {
	if to.chatgpt, err = auth.ChatGPTEndpoint(f.chatgptBaseURL, getenv("SIGNALBOX_CHATGPT_BASE_URL")); err != nil {
		return to, err
	}
	if to.platform, err = auth.PlatformEndpoint(f.platformBaseURL, getenv("OPENAI_BASE_URL")); err != nil {
		return to, err
	}
	to.issuer, err = auth.IssuerEndpoint(f.issuer, getenv)
	return to, err
}
