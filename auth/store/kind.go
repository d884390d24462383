package store

import (
	"fmt"

	"github.com/signalbox-dev/signalbox/internal/lazyregexp"
	"github.com/signalbox-dev/signalbox/protocol"
)

// The values of auth_mode that we serve; Codex writes them so, all lower-case.
const (
	ModeChatGPT = "chatgpt"
	ModeAPIKey  = "apikey"
)

// foreignMembers hold credentials that we do not serve. Codex writes some of
// them without auth_mode and then looks for them in this order, before it looks
// at OPENAI_API_KEY and tokens.
var foreignMembers = []struct{ member, mode string }{
	{"personal_access_token", "personalAccessToken"},
	{"bedrock_api_key", "bedrockApiKey"},
	{"bedrock_access_keys", "bedrockAccessKeys"},
	{"agent_identity", "agentIdentity"},
}

// modeName is what an auth_mode looks like; another value is not repeated in a
// message.
var modeName = lazyregexp.New(`^[A-Za-z]{1,32}$`)

// unsupportedMode is the 1003 of a file whose credentials are of a kind that
// only Codex serves (docs/credentials.md: The store); nil when we serve it. An auth_mode that we do
// not know is refused as well: newer Codexes may mean anything by it.
func unsupportedMode(top *object) error {
	mode := ""
	if top.value("auth_mode") != nil {
		mode = top.text("auth_mode")
		switch {
		case mode == ModeChatGPT || mode == ModeAPIKey:
			return nil
		case modeName().MatchString(mode):
			mode = fmt.Sprintf("%q", mode)
		default:
			mode = "of an unknown kind"
		}
	} else {
		for _, f := range foreignMembers {
			if top.value(f.member) != nil {
				mode = fmt.Sprintf("%q by its member %s", f.mode, f.member)
				break
			}
		}
		if mode == "" {
			return nil
		}
	}
	return protocol.NewError(protocol.CodeCredentialStore,
		fmt.Sprintf("the auth_mode of %s is %s, which signalbox does not serve", top.path, mode),
		protocol.ErrorData{
			Reason: protocol.ReasonUnsupportedAuthMode,
			Action: "Run `signalbox login` with a ChatGPT account or an API key",
			Path:   top.path,
		})
}
