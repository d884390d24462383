package simulator

import (
	"net/http"
	"strings"
)

// platformResponses is POST /v1/responses.
func (x *visit) platformResponses() {
	key := x.bearer()
	if key == "" {
		f := invalidRequest("", "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).")
		f.Code = nil
		x.fault(http.StatusUnauthorized, f)
		return
	}
	if !x.server.ledger.acceptsKey(key) {
		x.fault(http.StatusUnauthorized, invalidRequest("invalid_api_key",
			"Incorrect API key provided: "+masked(key)+". You can find your API key at https://platform.openai.com/account/api-keys."))
		return
	}
	if !x.plainJSON() {
		x.fault(http.StatusUnsupportedMediaType, invalidRequest("unsupported_content_type",
			"Unsupported content type. This API method only accepts 'application/json' requests."))
		return
	}
	q, err := parseQuery(x.body)
	if err != nil {
		f := invalidRequest("", "We could not parse the JSON body of your request: "+err.Error()+".")
		f.Code = nil
		x.fault(http.StatusBadRequest, f)
		return
	}
	if f, refused := platformRefusal(q); refused {
		x.fault(http.StatusBadRequest, f)
		return
	}
	if !x.scenario.before(x) {
		return
	}
	a := compose(x, q)
	x.scenario.compose(a)
	x.platformHeaders()
	if q.is("stream", "true") {
		x.stream(a)
	} else {
		x.whole(a)
	}
}

func platformRefusal(q query) (fault, bool) {
	refuse := func(param, code, message string) (fault, bool) {
		f := invalidRequest(code, message)
		f.Param = &param
		return f, true
	}
	if _, ours := q.members["_meta"]; ours {
		return refuse("_meta", "unknown_parameter", "Unknown parameter: '_meta'.")
	}
	if q.string("model") == "" {
		return refuse("model", "missing_required_parameter", "Missing required parameter: 'model'.")
	}
	if input, sent := q.members["input"]; sent && string(input) != "null" && input[0] != '"' {
		if _, list := q.items(); !list {
			return refuse("input", "invalid_type", "Invalid type for 'input': expected one of a string or array of input items.")
		}
	}
	if stream, sent := q.members["stream"]; sent && string(stream) != "true" && string(stream) != "false" && string(stream) != "null" {
		return refuse("stream", "invalid_type", "Invalid type for 'stream': expected a boolean.")
	}
	return fault{}, false
}

// masked shows of a key what the Platform shows: its beginning and its end.
func masked(key string) string {
	const head, tail = 8, 4
	if len(key) <= head+tail {
		return strings.Repeat("*", len(key))
	}
	return key[:head] + strings.Repeat("*", len(key)-head-tail) + key[len(key)-tail:]
}

func (x *visit) platformHeaders() {
	header := x.w.Header()
	header.Set("x-request-id", "req_"+randomHex(16))
	header.Set("openai-version", "2020-10-01")
	header.Set("openai-organization", "user-simulated")
	header.Set("openai-processing-ms", "12")
	header.Set("x-ratelimit-limit-requests", "5000")
	header.Set("x-ratelimit-remaining-requests", "4999")
	header.Set("x-ratelimit-reset-requests", "12ms")
	header.Set("x-ratelimit-limit-tokens", "800000")
	header.Set("x-ratelimit-remaining-tokens", "799500")
	header.Set("x-ratelimit-reset-tokens", "37ms")
	x.edgeHeaders()
}
