package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/signalbox-dev/signalbox/internal/terminal"
	"github.com/signalbox-dev/signalbox/protocol"
)

// watchEvery is how often --watch asks.
const watchEvery = 30 * time.Second

func (p *program) limitsCommand() *cobra.Command {
	var asJSON, watch bool
	c := p.command(spec{
		use: "limits", short: "how much of the plan is used, and when it begins anew",
		about: "\nThe ChatGPT backend is asked. The Platform tells its limits with an answer only.\n",
		run:   func([]string) error { return p.limits(asJSON, watch) },
	})
	c.Flags().BoolVar(&asJSON, "json", false, "print the result of limits/read")
	c.Flags().BoolVar(&watch, "watch", false, "ask again every 30 seconds, until Ctrl-C")
	return c
}

// limits prints limits/read for a person or, as JSON, unchanged.
func (p *program) limits(asJSON, watch bool) error {
	s, err := p.open()
	if err != nil {
		return err
	}
	st, lines := p.styleOf(p.stdout), 0
	var line *progress
	if !asJSON {
		line = p.newProgress("asking the backend…")
	}
	for {
		result, failure, err := s.call("1", protocol.MethodLimitsRead, protocol.Encode(protocol.LimitsReadParams{Refresh: true}), nil)
		line.end()
		if err != nil {
			return exited(max(s.end(), exitFailure)) // a signal
		}
		var limits protocol.UsageLimits
		if failure != nil || json.Unmarshal(result, &limits) != nil {
			code := s.end()
			if code > exitError { // a signal
				return exited(code)
			}
			p.printFailure(failure)
			return exited(exitFailure)
		}
		if limits.ChatGPT == nil && limits.Platform == nil && !asJSON {
			if out, err := p.sayLoggedOut(s); err != nil || out {
				return exited(max(s.end(), exitFailure))
			}
		}
		text := string(result) + "\n"
		if !asJSON {
			text = limitsText(st, limits, time.Now(), p.widthOf(p.stdout))
		}
		if st.on && lines > 0 { // in place of what was there
			_, _ = io.WriteString(p.stdout, sequence(p.stdout, fmt.Sprintf("\x1b[%dA", lines))+sequence(p.stdout, "\x1b[J"))
		}
		_, _ = io.WriteString(p.stdout, text)
		lines = strings.Count(text, "\n")
		if !watch {
			s.end()
			return exit(limitsCode(limits))
		}
		select {
		case <-time.After(watchEvery):
		case <-s.ctx.Done(): // Ctrl-C
		}
	}
}

// sayLoggedOut says so where nobody is logged in, and reports it. The error is
// errServerEnded.
func (p *program) sayLoggedOut(s *session) (out bool, err error) {
	result, _, err := s.call("2", protocol.MethodAuthStatus, protocol.Encode(struct{}{}), nil)
	var auth protocol.AuthStatus
	if err != nil || json.Unmarshal(result, &auth) != nil || auth.State != protocol.StateUnauthenticated {
		return false, err
	}
	e := protocol.NewError(protocol.CodeLoginRequired, "", protocol.ErrorData{Reason: protocol.ReasonNoCredentials})
	p.printFailure(e.Encode())
	return true, nil
}

// limitsCode returns 1 where nothing is known.
func limitsCode(l protocol.UsageLimits) int {
	if l.ChatGPT == nil && l.Platform == nil {
		return exitFailure
	}
	return exitSuccess
}

// limitsText writes the limits as bars.
func limitsText(st style, l protocol.UsageLimits, now time.Time, width int) string {
	var b strings.Builder
	if c := l.ChatGPT; c != nil {
		_, _ = fmt.Fprintf(&b, "%s\n", st.bold(strings.TrimSpace("ChatGPT "+terminal.Line(c.PlanType))))
		column := 8
		for _, w := range c.Windows {
			column = max(column, len(windowWords(w)))
		}
		for _, w := range c.Windows {
			name, reset := windowWords(w), ""
			if w.ResetsAt != nil {
				reset = "begins anew " + when(*w.ResetsAt, now)
			}
			bar := st.bar(w.UsedPercent, max(10, min(30, width-45-column)))
			_, _ = fmt.Fprintf(&b, "  %-*s %s %3.0f%%  %s\n", column, terminal.Line(name), bar, w.UsedPercent, terminal.Line(reset))
		}
		if c.Credits != nil && c.Credits.HasCredits {
			balance := "unlimited"
			if !c.Credits.Unlimited {
				balance = terminal.Line(c.Credits.Balance)
			}
			_, _ = fmt.Fprintf(&b, "  %-*s %s\n", column, "credits", balance)
		}
	}
	if k := l.Platform; k != nil {
		_, _ = fmt.Fprintf(&b, "%s\n", st.bold("Platform key"))
		for _, q := range []struct {
			name  string
			quota *protocol.Quota
		}{{"requests", k.Requests}, {"tokens", k.Tokens}} {
			if q.quota != nil && q.quota.Limit != nil && q.quota.Remaining != nil && *q.quota.Limit > 0 {
				used := 100 * (1 - float64(*q.quota.Remaining)/float64(*q.quota.Limit))
				_, _ = fmt.Fprintf(&b, "  %-8s %s %3.0f%%  %s of %s left\n", q.name, st.bar(used, max(10, min(30, width-50))), used, count(*q.quota.Remaining), count(*q.quota.Limit))
			}
		}
	}
	if l.ChatGPT == nil && l.Platform == nil {
		b.WriteString("Nothing is known of the limits.\n")
	}
	for _, warning := range l.Warnings {
		_, _ = fmt.Fprintf(&b, "note: %s\n", terminal.Line(warning))
	}
	return b.String()
}

// windowWords names a window by its length: "5 hours", "week".
func windowWords(w protocol.UsageWindow) string {
	extra := ""
	if name, ok := strings.CutSuffix(w.Name, "_primary"); ok {
		extra = name + " "
	} else if name, ok := strings.CutSuffix(w.Name, "_secondary"); ok {
		extra = name + " "
	}
	if w.WindowMinutes == nil {
		return w.Name
	}
	switch m := *w.WindowMinutes; {
	case m == 7*24*60:
		return extra + "week"
	case m == 24*60:
		return extra + "day"
	case m >= 28*24*60 && m <= 31*24*60:
		return extra + "month"
	case m > 0 && m%(24*60) == 0:
		return fmt.Sprintf("%s%d days", extra, m/(24*60))
	case m > 0 && m%60 == 0:
		return fmt.Sprintf("%s%d hours", extra, m/60)
	default:
		return fmt.Sprintf("%s%d min", extra, m)
	}
}

// bar draws how much is used.
func (s style) bar(percent float64, width int) string {
	full := int(math.Round(min(max(percent, 0), 100) / 100 * float64(width)))
	text := strings.Repeat("█", full) + strings.Repeat("░", width-full)
	if percent >= 90 {
		return s.red(text)
	}
	return s.green(text)
}
