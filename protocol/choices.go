package protocol

// RouteChoice is the route that a host asks for.
type RouteChoice string

// The choices of a route.
const (
	// By the model, and the account mode where no rule names the model; the default.
	ChooseAuto RouteChoice = "auto"
	// The ChatGPT Codex backend.
	ChooseChatGPT RouteChoice = "chatgpt"
	// The OpenAI Platform.
	ChoosePlatform RouteChoice = "platform"
)

// Values lists the choices.
func (RouteChoice) Values() []RouteChoice {
	return []RouteChoice{ChooseAuto, ChooseChatGPT, ChoosePlatform}
}

// Name returns the route that was chosen; "" for auto.
func (c RouteChoice) Name() RouteName {
	if c == ChooseAuto {
		return ""
	}
	return RouteName(c)
}

// EventChoice says which events of a stream a host gets.
type EventChoice string

// The choices of events.
const (
	// Every event; the default.
	EventsAll EventChoice = "all"
	// No event: the result holds the response.
	EventsNone EventChoice = "none"
)

// Values lists the choices.
func (EventChoice) Values() []EventChoice { return []EventChoice{EventsAll, EventsNone} }

// UnsupportedPolicy says what becomes of a tuning parameter that the route does
// not accept.
type UnsupportedPolicy string

// The policies.
const (
	// The request is refused with 1101; the default.
	UnsupportedRefuse UnsupportedPolicy = "refuse"
	// The parameter is left out, and evidence.adjustments says so.
	UnsupportedDrop UnsupportedPolicy = "drop"
)

// Values lists the policies.
func (UnsupportedPolicy) Values() []UnsupportedPolicy {
	return []UnsupportedPolicy{UnsupportedRefuse, UnsupportedDrop}
}

// StatusRefresh says whether auth/status may refresh the login.
type StatusRefresh string

// The choices of auth/status.
const (
	// Report what is known; the default.
	RefreshNever StatusRefresh = "never"
	// Refresh the login first if it is about to expire.
	RefreshIfExpiring StatusRefresh = "ifExpiring"
)

// Values lists the choices.
func (StatusRefresh) Values() []StatusRefresh {
	return []StatusRefresh{RefreshNever, RefreshIfExpiring}
}

// LoginMethod is a way to log in: one of "browser", "device" and "apiKey".
type LoginMethod string

// Values lists the ways to log in.
func (LoginMethod) Values() []LoginMethod {
	return []LoginMethod{LoginBrowser, LoginDevice, LoginAPIKey}
}

// Values lists the policies.
func (ExchangePolicy) Values() []ExchangePolicy {
	return []ExchangePolicy{ExchangeAuto, ExchangeNever, ExchangeRequire}
}
