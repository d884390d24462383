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
	query, err := url.ParseQuery(pastedQuery(address))
	switch {
	case err != nil:
		return nil, protocol.InvalidParams("redirectUrl", "The member \"redirectUrl\" is malformed.")
	case !query.Has("state") && !query.Has("code") && !query.Has("error"):
		return nil, protocol.InvalidParams("redirectUrl", "The member \"redirectUrl\" must be the whole address at which the browser ended up.")
	}
	return query, nil
}

// quotes are what people, chats and shells put around an address.
const quotes = " \t\"'`<>()[]\u201c\u201d\u2018\u2019\u00ab\u00bb"

// pastedQuery returns the query of an address as people paste it: in quotes or
// brackets, broken into lines, with the backslashes of a shell or the entities of a
// page, without a scheme, or the query alone.
func pastedQuery(address string) string {
	address = strings.NewReplacer("\r", "", "\n", "", "\\", "", "&amp;", "&").Replace(address)
	address = strings.Trim(address, quotes)
	if _, query, ok := strings.Cut(address, "?"); ok {
		address = query
	} else if strings.Contains(address, "/") {
		return "" // an address without a query
	}
	query, _, _ := strings.Cut(address, "#")
	return strings.Trim(query, "&")
}
