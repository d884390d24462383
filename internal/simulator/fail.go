package simulator

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// resetAfter is when the limit of a simulated plan ends.
const resetAfter = 2 * time.Hour

// fails answers in place of the model or the issuer. header holds names and
// values in turn; a body that begins with < is a page. In both,
//
//	{model}          is the model that was asked for
//	{authorization}  is the header that was sent
//	{origin}         is where the simulator listens
//	{reset}          is resetAfter from now, in seconds since 1970
func fails(status int, body string, header ...string) hook {
	return func(x *visit) bool {
		q, _ := parseQuery(x.body) // without a model where it is no object
		fill := strings.NewReplacer(
			"{model}", inString(q.string("model")),
			"{authorization}", inString(x.r.Header.Get("Authorization")),
			"{origin}", x.server.origin,
			"{reset}", strconv.FormatInt(time.Now().Add(resetAfter).Unix(), 10),
		)
		if x.onChatGPT() {
			x.chatgptHeaders()
		} else if strings.HasPrefix(x.r.URL.Path, "/v1/") {
			x.platformHeaders()
		}
		for i := 0; i < len(header); i += 2 {
			x.w.Header().Set(header[i], fill.Replace(header[i+1]))
		}
		contentType := "application/json"
		if strings.HasPrefix(body, "<") {
			contentType = "text/html; charset=UTF-8"
		}
		x.send(status, contentType, []byte(fill.Replace(body)))
		return false
	}
}

// routes does one thing on the ChatGPT route and another on the Platform.
func routes(chatgpt, platform hook) hook {
	return func(x *visit) bool {
		if x.onChatGPT() {
			return chatgpt(x)
		}
		return platform(x)
	}
}

func (x *visit) onChatGPT() bool { return strings.HasPrefix(x.r.URL.Path, "/backend-api/") }

// refuses answers with an error in the shape of the API that was asked.
func refuses(status int, code, message string) hook {
	return func(x *visit) bool {
		x.refuse(status, code, message)
		return false
	}
}

// disconnects ends the connection, or the stream of HTTP/2, without an answer.
func disconnects(*visit) bool { panic(http.ErrAbortHandler) }

// vanishes disconnects after a while: it has worked on the request, and did not
// just find an old connection closed.
func vanishes(x *visit) bool {
	x.pause(1200 * time.Millisecond)
	return disconnects(x)
}

// dawdles is silent first.
func dawdles(x *visit) bool { return x.pause(30 * time.Second) }

// inString is a text as it is written between the quotes of a JSON string.
func inString(text string) string {
	quoted := encode(text)
	return string(quoted[1 : len(quoted)-1])
}
