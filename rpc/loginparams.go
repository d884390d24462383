package rpc

import (
	"net/url"
	"strings"
	"time"

	"github.com/signalbox-dev/signalbox/auth"
	"github.com/signalbox-dev/signalbox/protocol"
)

// loginOptions returns what auth needs of the params of auth/login.
func loginOptions(p *protocol.LoginParams) auth.LoginOptions {
	options := auth.LoginOptions{
		Method:   string(p.Method),
		Timeout:  time.Duration(p.TimeoutMs) * time.Millisecond,
		Exchange: p.Exchange,
		Replace:  p.Replace,
	}
	if options.Exchange == "" {
		options.Exchange = protocol.ExchangeAuto
	}
	if p.Ports != nil {
		options.Ports = make([]int, len(p.Ports)) // empty: nothing listens
		for i, port := range p.Ports {
			options.Ports[i] = int(port)
		}
	}
	return options
}

// isTrue reports whether a member whose default is true is not false.
func isTrue(value *bool) bool { return value == nil || *value }

// callbackQuery returns the parameters that the browser has come back with, from
// the params of auth/login/complete.
func callbackQuery(p *protocol.CompleteLoginParams) (url.Values, error) {
	address, code := strings.TrimSpace(p.RedirectURL), strings.TrimSpace(p.Code)
	switch {
	case address != "" && code != "":
		return nil, protocol.InvalidParams("redirectUrl", "Either \"redirectUrl\" or \"code\" must be given, not both.")
	case address == "" && code == "":
		return nil, protocol.InvalidParams("redirectUrl", "Either \"redirectUrl\" or \"code\" and \"state\" must be given.")
	case address == "":
		return url.Values{"code": {code}, "state": {strings.TrimSpace(p.State)}}, nil
	}
	u, err := url.Parse(address)
	if err != nil || u.RawQuery == "" {
		return nil, protocol.InvalidParams("redirectUrl", "The member \"redirectUrl\" must be the whole address at which the browser ended up.")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, protocol.InvalidParams("redirectUrl", "The member \"redirectUrl\" is malformed.")
	}
	return query, nil
}
