package engine

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/signalbox-dev/signalbox/protocol"
)

const (
	// lookupTimeout bounds one GET beside the model calls, its body included.
	lookupTimeout = 10 * time.Second
	// maxLookupBody is the largest answer that is taken, decompressed. The ChatGPT
	// catalogue carries the prompts of its models, some 20 KB each.
	maxLookupBody = 4 << 20
	// maxLookupValues is how many values an answer may hold. One takes as little as
	// two bytes of text, and up to a hundred once it is decoded.
	maxLookupValues = 1 << 16
)

// notParsed is why an answer that came brought nothing.
const notParsed = "the response could not be parsed"

// errLookupSize: the answer of a lookup is larger than maxLookupBody or
// maxLookupValues.
var errLookupSize = errors.New("the answer is too large")

// lookup is the answer to one GET.
type lookup struct {
	status int
	header http.Header
	body   []byte
}

// get is getWithin lookupTimeout: what is looked up is best effort, and nobody
// waits for it longer.
func (e *Engine) get(ctx context.Context, url string, set func(http.Header)) (lookup, error) {
	return e.getWithin(ctx, e.waits.lookup, url, set)
}

// getWithin asks for url once, within limit: no retry, no redirect. Beside an error
// the lookup holds what had come until then; its status is 0 when no answer came.
func (e *Engine) getWithin(ctx context.Context, limit time.Duration, url string, set func(http.Header)) (lookup, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return lookup{}, err
	}
	req.Header.Set("Accept", "*/*")
	set(req.Header)
	resp, err := e.cfg.Transport.RoundTrip(req)
	if err != nil {
		return lookup{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	body := io.Reader(resp.Body)
	if isGzip(resp.Header) {
		body = &gunzip{src: resp.Body}
	}
	text, err := readLookup(body, resp.StatusCode)
	return lookup{resp.StatusCode, resp.Header, text}, err
}

// readLookup reads the body of an answer: of a refusal as much as explains it.
func readLookup(body io.Reader, status int) ([]byte, error) {
	if status/100 != 2 {
		return io.ReadAll(io.LimitReader(body, maxErrorBody))
	}
	text, err := io.ReadAll(io.LimitReader(body, maxLookupBody+1))
	// A value is followed by a comma, except the last one of each list. Those in
	// strings count as well: a bound does not have to be exact.
	if err == nil && (len(text) > maxLookupBody || bytes.Count(text, []byte(",")) > maxLookupValues) {
		return nil, errLookupSize
	}
	return text, err
}

// failed returns in words for a person why a lookup brought nothing, "" if it
// did. The words of err are not passed on: they contain addresses.
func (l lookup) failed(err error) string {
	known, isKnown := errors.AsType[*protocol.Error](err)
	switch {
	case isKnown:
		return clause(known.Message)
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer came in time"
	case errors.Is(err, errLookupSize):
		return errLookupSize.Error()
	case err != nil:
		return "the connection failed"
	case l.status/100 != 2 && l.status != http.StatusNotModified:
		return fmt.Sprintf("the answer was status %d", l.status)
	}
	return ""
}

// clause returns a sentence as the end of another one.
func clause(sentence string) string {
	sentence = strings.TrimSuffix(sentence, ".")
	// Not the names that begin with a capital and go on so, such as OPENAI_API_KEY.
	if len(sentence) > 1 && (sentence[1] == ' ' || 'a' <= sentence[1] && sentence[1] <= 'z') {
		return strings.ToLower(sentence[:1]) + sentence[1:]
	}
	return sentence
}

// parentURL returns base without the last segment of its path: the ChatGPT
// backend's other services are beside /codex.
func parentURL(base string) string {
	scheme := strings.Index(base, "://") + len("://")
	if at := strings.LastIndexByte(base, '/'); at >= scheme {
		return base[:at]
	}
	return base
}

// isGzip reports whether a body is compressed in the one way that we undo.
func isGzip(h http.Header) bool {
	coding := contentEncoding(h)
	return coding == "gzip" || coding == "x-gzip"
}

// gunzip decompresses a body that came as gzip though nobody asked for it: some
// proxies do that. It reads the header of the format at the first Read, so that
// making one does not wait for the body.
type gunzip struct {
	src io.Reader
	in  *gzip.Reader
}

// Read implements io.Reader. Of a stream it returns what has come so far.
func (g *gunzip) Read(p []byte) (int, error) {
	if g.in == nil {
		in, err := gzip.NewReader(g.src)
		if err != nil {
			return 0, err
		}
		g.in = in
	}
	return g.in.Read(p)
}
