package cli

import (
	"github.com/signalbox-dev/signalbox/auth"
	"github.com/signalbox-dev/signalbox/auth/issuer"
)

// places are the addresses that requests go to.
type places struct {
	chatgpt, platform auth.Endpoint
	issuer            issuer.Endpoint
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
	to.issuer, err = issuer.ParseEndpoint(f.issuer, getenv)
	return to, err
}
