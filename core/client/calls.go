package client

import (
	"crypto/rand"
	"encoding/json"
	"strconv"
)

// call is a request whose reply is awaited. Client.mu guards it, until done is
// closed; then response and err stay as they are.
type call struct {
	id       string // as JSON
	room     string // that it is about, if it is about one
	joins    bool   // it joins that room
	sent     bool   // the server may have it
	done     chan struct{}
	response json.RawMessage
	err      error
}

// calls are the requests that wait, by id. Ids begin with something random: an
// application that publishes a message with an id must not answer a request.
// Client.mu guards them.
type calls struct {
	prefix  string
	last    uint64
	waiting map[string]*call
}

func newCalls() calls { return calls{prefix: rand.Text()[:12], waiting: map[string]*call{}} }

// newCall returns a call with an id of its own that is not listed yet.
func (c *Client) newCall() *call {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls.last++
	id := strconv.Quote(c.calls.prefix + "-" + strconv.FormatUint(c.calls.last, 36))
	return &call{id: id, done: make(chan struct{})}
}

// addCall lists a call. The reader, which may be held up, is told: it reads on
// for a call. It needs c.mu.
func (c *Client) addCall(made *call) {
	c.calls.waiting[made.id] = made
	c.inbox.space.Broadcast()
}

// finish ends a call that is listed. It needs c.mu.
func (c *Client) finish(made *call, response json.RawMessage, err error) {
	delete(c.calls.waiting, made.id)
	made.response, made.err = response, err
	close(made.done)
}

// finishAll ends all calls, or those only that have been sent. It needs c.mu.
func (c *Client) finishAll(onlySent bool, err error) {
	for _, made := range c.calls.waiting {
		if made.sent || !onlySent {
			c.withdraw(made)
			c.finish(made, nil, err)
		}
	}
}

// abandon ends a call that its caller does not wait for any longer, unless the
// reply has come meanwhile.
func (c *Client) abandon(made *call, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.calls.waiting[made.id] != made {
		return
	}
	c.counters.timeouts.Add(1)
	c.withdraw(made)
	c.finish(made, nil, err)
}

// settle ends the call that the message replies to. It reports whether there is
// one.
func (c *Client) settle(m *incoming) bool {
	err := replyError(m)
	c.mu.Lock()
	made := c.calls.waiting[string(m.ID)]
	if made == nil {
		c.mu.Unlock()
		return false
	}
	degraded := made.joins && err == nil && c.joined(m.Response)
	c.finish(made, m.Response, err)
	c.mu.Unlock()
	if degraded {
		c.options.Log.Warn("joined a room on one node only, its bus is away", "room", made.room)
	}
	return true
}

// isReply reports whether the message replies to a call of this client, which
// may have ended.
func (c *Client) isReply(m *incoming) bool {
	id, ok := unquote(m.ID)
	return ok && len(id) > len(c.calls.prefix) && id[:len(c.calls.prefix)] == c.calls.prefix
}

func unquote(raw json.RawMessage) (text string, ok bool) {
	if len(raw) == 0 || raw[0] != '"' {
		return "", false
	}
	err := json.Unmarshal(raw, &text)
	return text, err == nil
}
