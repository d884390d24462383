// Package memory remembers the conversations of one process, for a backend that
// stores none (docs/protocol.md: Memory of a conversation). It knows the items of
// requests and responses as JSON and nothing of HTTP, routes or credentials.
package memory

import "sync"

// The bounds of a Memory.
const (
	// MaxEnds of conversations: responses that no other one continues.
	MaxEnds = 256
	// MaxBytes of all items together; one that several responses have counts once.
	MaxBytes = 64 << 20
)

// Memory remembers responses, and the items of each, of one account at a time. It is
// bounded: the end that was not used for the longest time goes first. Nothing is
// written anywhere. The zero Memory is ready for use. Safe for concurrent use.
type Memory struct {
	mu        sync.Mutex
	account   string
	epoch     int64 // counts how often all was forgotten
	responses map[string]*Response
	owners    map[string]*Response // by the id of an item: the last one that has it
	users     map[*Item]int        // how many responses have an item
	bytes     int
	ends      int
	clock     int64
}

// Response is a response that can be continued. It does not change.
type Response struct {
	id string
	// from is the response that it continues; nil for the first of a conversation.
	from *Response
	// own are the items that it adds to those of from: of its request, and of its
	// output.
	own []*Item
	// TurnState is what the backend gave to send with what continues the response.
	TurnState string

	// What follows is guarded by Memory.mu.

	children int // responses that are remembered and continue it
	kept     bool
	used     int64
}

// Session is a Memory for one request: of one account, until all is forgotten.
type Session struct {
	memory *Memory
	epoch  int64
}

// Session returns the memory of an account. Another account than the last one forgets
// everything.
func (m *Memory) Session(account string) *Session {
	m.mu.Lock()
	defer m.mu.Unlock()
	if account != m.account {
		m.forget()
		m.account = account
	}
	return &Session{m, m.epoch}
}

// Forget forgets everything. What is under way is not remembered either.
func (m *Memory) Forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget()
}

// forget is called with mu held.
func (m *Memory) forget() {
	m.epoch++
	m.account = ""
	m.responses, m.owners, m.users, m.bytes, m.ends = nil, nil, nil, 0, 0
}

// response returns the response with that id, or nil.
func (s *Session) response(id string) *Response {
	m := s.memory
	m.mu.Lock()
	defer m.mu.Unlock()
	if s.epoch != m.epoch {
		return nil
	}
	r := m.responses[id]
	m.touch(r)
	return r
}

// item returns the item with that id and the response that has it, or nil.
func (s *Session) item(id string) (*Item, *Response) {
	m := s.memory
	m.mu.Lock()
	defer m.mu.Unlock()
	if s.epoch != m.epoch {
		return nil, nil
	}
	owner := m.owners[id]
	if owner == nil {
		return nil, nil
	}
	m.touch(owner)
	for _, item := range owner.own {
		if item.id == id {
			return item, owner
		}
	}
	return nil, nil
}

// touch notes that r is used; called with mu held.
func (m *Memory) touch(r *Response) {
	if r != nil {
		m.clock++
		r.used = m.clock
	}
}

// add remembers a response, unless all was forgotten meanwhile, its id is known, or it
// is above the bounds with all that it continues.
func (s *Session) add(r *Response) {
	if r.id == "" || r.size() > MaxBytes {
		return
	}
	m := s.memory
	m.mu.Lock()
	defer m.mu.Unlock()
	if s.epoch != m.epoch || m.responses[r.id] != nil {
		return
	}
	if m.responses == nil {
		m.responses, m.owners, m.users = map[string]*Response{}, map[string]*Response{}, map[*Item]int{}
	}
	m.keep(r)
	for m.ends > MaxEnds || m.bytes > MaxBytes {
		m.drop(m.oldestEnd())
	}
}

// size returns the bytes of all items of the conversation up to r, each counted once.
func (r *Response) size() int {
	seen, total := map[*Item]bool{}, 0
	for ; r != nil; r = r.from {
		for _, item := range r.own {
			if !seen[item] {
				seen[item] = true
				total += len(item.raw)
			}
		}
	}
	return total
}

// keep puts r into the memory, and what it continues if that was dropped meanwhile.
// Called with mu held.
func (m *Memory) keep(r *Response) {
	if r.from != nil {
		if !r.from.kept {
			m.keep(r.from)
		}
		if r.from.children++; r.from.children == 1 {
			m.ends--
		}
	}
	r.kept = true
	m.responses[r.id] = r
	m.ends++
	m.touch(r)
	for _, item := range r.own {
		if m.users[item]++; m.users[item] == 1 {
			m.bytes += len(item.raw)
		}
		if item.id != "" {
			m.owners[item.id] = r
		}
	}
}

// oldestEnd returns the end that was not used for the longest time. Called with mu
// held, with at least one response.
func (m *Memory) oldestEnd() *Response {
	var oldest *Response
	for _, r := range m.responses {
		if r.children == 0 && (oldest == nil || r.used < oldest.used) {
			oldest = r
		}
	}
	return oldest
}

// drop takes an end out of the memory. What it continued is an end then. Called with
// mu held.
func (m *Memory) drop(r *Response) {
	delete(m.responses, r.id)
	r.kept = false
	m.ends--
	for _, item := range r.own {
		if m.users[item]--; m.users[item] == 0 {
			delete(m.users, item)
			m.bytes -= len(item.raw)
		}
		if item.id != "" && m.owners[item.id] == r {
			delete(m.owners, item.id)
		}
	}
	if r.from != nil {
		if r.from.children--; r.from.children == 0 {
			m.ends++
		}
	}
}
