package auth

import (
	"crypto/subtle"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/signalbox-dev/signalbox/protocol"
)

const (
	callbackPath = "/auth/callback"

	// maxCallbackHeader bounds the request line and the headers together;
	// net/http adds 4 KiB to what it is told, so that 16 KiB are read.
	maxCallbackHeader = 12 << 10
	// Times that a client may take: one that is slow must not hold the socket.
	callbackRead  = 5 * time.Second
	callbackWrite = 40 * time.Second // redeeming the code included
	// pageWait bounds how long the end of a login waits for its page to be sent.
	pageWait = 2 * time.Second

	// entrypointSuffix may follow the state that we sent: the issuer adds it.
	entrypointSuffix = ".onboarding_entrypoint="
)

// callback is the listener that the browser comes back to. It listens on
// loopback, during one login alone (RFC 8252, 7.3 and 8.3), and reveals
// nothing: nothing ends or cancels a login except the answer of the issuer that bears
// the state, and a second visitor of the start page.
type callback struct {
	redirectURI string
	port        string
	server      *http.Server
	listeners   []net.Listener
	serving     sync.WaitGroup // accept loops
	// arrive takes the query of an answer and returns the page for it; it blocks
	// until the login has ended, when the answer is the login's.
	arrive func(url.Values) page
	start  *startPage
	// startReused ends the login whose start page has a second visitor, and returns
	// the page for them.
	startReused func() page

	mu    sync.Mutex
	pages int           // being made or sent
	none  chan struct{} // closed when pages is 0 again; nil: nobody waits
}

// listen binds the first of ports that is free; 0 is any. host is what the
// redirect URI names: "127.0.0.1", or "localhost", for which the port must be free on
// [::1] as well, if there is IPv6, because a browser may go there. The error is 1005
// port_busy. Who holds a port is left alone.
func listen(ports []int, host string) (*callback, error) {
	var failed []error
	for _, port := range ports {
		listeners, err := listenAt(port, host == "localhost")
		if err != nil {
			failed = append(failed, err)
			continue
		}
		port = listeners[0].Addr().(*net.TCPAddr).Port
		c := &callback{redirectURI: redirectURI(host, port), port: strconv.Itoa(port)}
		var open atomic.Int32
		for _, l := range listeners {
			c.listeners = append(c.listeners, guard(l, &open))
		}
		return c, nil
	}
	return nil, noPort(ports, host, failed)
}

// noPort is the 1005 of a login that no port is free for: port_busy, also of ports
// that the system keeps for somebody. failed says why, for each port.
func noPort(ports []int, host string, failed []error) *protocol.Error {
	if host != "localhost" {
		host = "127.0.0.1"
	}
	var numbers []string
	for _, port := range ports {
		numbers = append(numbers, strconv.Itoa(port))
	}
	which := "port " + numbers[0] + " of " + host + " is"
	if len(numbers) > 1 {
		which = "the ports " + strings.Join(numbers, " and ") + " of " + host + " are"
	}
	fault, action := "in use by another program", "End that program, or log in with the method \"device\""
	if !slices.ContainsFunc(failed, func(err error) bool { return !errors.Is(err, errReserved) }) {
		fault, action = "reserved by the system", "Log in with the method \"device\""
	}
	return protocol.NewError(protocol.CodeLoginFailed,
		which+" "+fault+", and the browser has to come back there",
		protocol.ErrorData{
			Reason:       protocol.ReasonPortBusy,
			Action:       action,
			Retryable:    true,
			LoginMethods: []string{protocol.LoginDevice, protocol.LoginAPIKey},
		})
}

// listenAt binds a port of 127.0.0.1, and with six of [::1] as well where the
// machine has that address.
func listenAt(port int, six bool) ([]net.Listener, error) {
	four, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil || !six {
		return []net.Listener{four}, err
	}
	port = four.Addr().(*net.TCPAddr).Port
	also, err := net.Listen("tcp6", net.JoinHostPort("::1", strconv.Itoa(port)))
	if err == nil {
		return []net.Listener{four, also}, nil
	}
	probe, noSix := net.Listen("tcp6", "[::1]:0")
	if noSix != nil {
		return []net.Listener{four}, nil // nobody can listen there
	}
	_ = probe.Close()
	_ = four.Close()
	return nil, err
}

func redirectURI(host string, port int) string {
	return "http://" + net.JoinHostPort(host, strconv.Itoa(port)) + callbackPath
}

// startURL is the address of the start page.
func (c *callback) startURL() string { return "http://127.0.0.1:" + c.port + c.start.path }

// serve begins to answer. arrive and startReused are called on many goroutines.
func (c *callback) serve(start *startPage, arrive func(url.Values) page, startReused func() page) {
	c.start, c.arrive, c.startReused = start, arrive, startReused
	c.server = &http.Server{
		Handler:           c,
		ReadHeaderTimeout: callbackRead,
		ReadTimeout:       callbackRead,
		WriteTimeout:      callbackWrite,
		MaxHeaderBytes:    maxCallbackHeader,
		ErrorLog:          log.New(io.Discard, "", 0), // it would quote requests
	}
	c.server.SetKeepAlivesEnabled(false)
	for _, l := range c.listeners {
		c.serving.Add(1)
		go func() {
			defer c.serving.Done()
			_ = c.server.Serve(l) // ends with close
		}()
	}
}

// release frees the port. Pages on their way are not cut off. It may be called
// again.
func (c *callback) release() {
	for _, l := range c.listeners {
		_ = l.Close()
	}
	c.serving.Wait()
}

// close frees the port, waits at most pageWait for the pages on their way, and
// ends all connections.
func (c *callback) close() {
	c.release()
	c.mu.Lock()
	sent := make(chan struct{})
	if c.pages == 0 {
		close(sent)
	} else {
		c.none = sent
	}
	c.mu.Unlock()
	select {
	case <-sent:
	case <-time.After(pageWait):
	}
	_ = c.server.Close()
}

// count counts the pages on their way.
func (c *callback) count(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pages += n; c.pages == 0 && c.none != nil {
		close(c.none)
		c.none = nil
	}
}

// ServeHTTP implements http.Handler.
func (c *callback) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	plain := func(status int) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Security-Policy", "default-src 'none'")
		w.Header().Set("Referrer-Policy", "no-referrer")
		http.Error(w, http.StatusText(status), status)
	}
	switch {
	case !slices.Contains([]string{"127.0.0.1:" + c.port, "localhost:" + c.port, "[::1]:" + c.port}, r.Host):
		plain(http.StatusMisdirectedRequest) // DNS rebinding
	case !slices.Contains([]string{callbackPath, c.start.path}, r.URL.EscapedPath()):
		plain(http.StatusNotFound)
	case r.Method != http.MethodGet: // a prefetcher's HEAD must not consume the code
		w.Header().Set("Allow", http.MethodGet)
		plain(http.StatusMethodNotAllowed)
	case r.URL.EscapedPath() == c.start.path:
		c.count(1)
		defer c.count(-1)
		if !c.start.admit(r) {
			c.startReused().write(w)
			return
		}
		c.start.send(w)
	default:
		query, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			strangerPage("The address is malformed.").write(w)
			return
		}
		c.count(1)
		defer c.count(-1)
		c.arrive(query).write(w)
	}
}

// answer is what the issuer has sent the browser back with.
type answer struct {
	code                   string
	failure, failureDetail string // error and error_description
}

// strangerError: the answer does not belong to the login, or is not one. The text
// says why.
type strangerError string

func (e strangerError) Error() string { return string(e) }

// errWrongIssuer: the answer bears the state and names another issuer.
var errWrongIssuer = errors.New("another issuer")

// readAnswer reads the query of an answer for the login with a state. issuer is
// what the parameter iss may name (RFC 9207).
func readAnswer(query url.Values, state, issuer string) (answer, error) {
	for _, values := range query {
		if len(values) > 1 { // RFC 6749, 3.1
			return answer{}, strangerError("A parameter of the address is given twice.")
		}
	}
	given, _, _ := strings.Cut(query.Get("state"), entrypointSuffix)
	if subtle.ConstantTimeCompare([]byte(given), []byte(state)) != 1 {
		return answer{}, strangerError("The state is not the one of this login: it belongs to an older login, or somebody else made it.")
	}
	if iss, named := query["iss"]; named && strings.TrimRight(iss[0], "/") != strings.TrimRight(issuer, "/") {
		return answer{}, errWrongIssuer
	}
	a := answer{code: query.Get("code"), failure: query.Get("error"), failureDetail: query.Get("error_description")}
	if a.code == "" && a.failure == "" {
		return answer{}, strangerError("The address holds neither a code nor an error.")
	}
	return a, nil
}
