package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/signalbox-dev/signalbox/internal/transport"
)

const (
	// hostPatience bounds the question to a host.
	hostPatience = 10 * time.Second
	// clockTolerance is how far the clock may be from a host's: RFC 9110 gives dates
	// in seconds, and an answer takes its time.
	clockTolerance = time.Minute
)

// hostFindings asks each host for its front page, without a token and following no
// redirect, and compares the clock. Any answer will do.
func (s *session) hostFindings() []finding {
	hosts := []struct{ name, base string }{
		{"ChatGPT backend", s.to.chatgpt.URL}, {"Platform", s.to.platform.URL}, {"issuer", s.to.issuer.URL},
	}
	found := make([]finding, len(hosts))
	skews := make([]time.Duration, len(hosts))
	dated := make([]bool, len(hosts))
	var asking sync.WaitGroup
	for i, host := range hosts {
		asking.Go(func() { found[i], skews[i], dated[i] = s.ask(host.name, host.base) })
	}
	asking.Wait()
	clock := finding{"clock", findingNote, "no host has told the time", "Compare the clock by hand."}
	for i, skew := range skews {
		switch {
		case !dated[i]:
		case skew.Abs() > clockTolerance:
			clock = finding{"clock", findingProblem, "The clock of this machine is " + roughly(skew.Abs()) + map[bool]string{true: " ahead.", false: " behind."}[skew > 0], "Set the clock."}
		case clock.Status == findingNote:
			clock = finding{"clock", findingOK, "agrees with the hosts", ""}
		}
	}
	return append(found, clock)
}

// ask asks one host, and returns how far this machine's clock is ahead of its Date.
func (s *session) ask(name, base string) (f finding, skew time.Duration, dated bool) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" {
		return finding{"host", findingProblem, name + ": its address is refused", "Run signalbox status, which says why."}, 0, false
	}
	ctx, cancel := context.WithTimeout(s.ctx, hostPatience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, u.Scheme+"://"+u.Host+"/", nil)
	if err != nil {
		return finding{"host", findingProblem, name + ": its address is not a URL", "Run signalbox status, which says why."}, 0, false
	}
	start := time.Now()
	response, err := s.transport.RoundTrip(request)
	took := time.Since(start)
	if err != nil {
		why := transport.Explain(err, u.Host, false)
		return finding{"host", findingProblem, name + ": " + why.Message, why.Action}, 0, false
	}
	_ = response.Body.Close()
	text := fmt.Sprintf("%s: %s answers, status %d, %d ms", name, u.Host, response.StatusCode, took.Milliseconds())
	if date, err := http.ParseTime(response.Header.Get("Date")); err == nil {
		skew, dated = time.Since(date), true
	}
	return finding{"host", findingOK, text, ""}, skew, dated
}
