package redis

import (
	"errors"
	"fmt"
	"time"
	"unsafe"

	"github.com/bytedance/sonic"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/codec"
)

// receiver hands the node what arrives. arrive is called by connections, the
// rest by the inbox's workers.
type receiver struct {
	options  *Options
	names    *names
	node     bus.Node
	interest *interest
	expected *expectations
	gaps     *gaps
	inbox    *inbox
	stats    *counters
	health   *health

	presence  *presence
	asking    *asking
	answering *answering
}

// arrive takes a message. It does not block.
func (r *receiver) arrive(channel, text string) {
	at, ok := r.interest.find(channel)
	if !ok {
		return // left a moment ago
	}
	message := unsafe.Slice(unsafe.StringData(text), len(text)) // nobody changes it
	if channel == r.names.nodes {
		// Heard even when the inbox is full.
		r.presence.hear(message)
		return
	}
	if m, err := readMark(message); err == nil && r.names.isOurs(channel) {
		if m.node == r.names.id {
			return
		}
		notice := len(message) == headerSize && message[1] == 0
		if !r.follows(&at, m, notice) || notice {
			return
		}
	}
	r.stats.received.Add(1)
	if r.inbox.push(received{channel, at.room, message}) {
		return
	}
	r.stats.dropped.Add(1)
	r.gaps.missed(channel, at.room, 1, at.certain, time.Now())
}

// follows notes a message's number, and reports whether it is to be delivered.
func (r *receiver) follows(at *arrival, m mark, notice bool) bool {
	f := r.expected.observe(source{at.number, m.node}, m, notice, at.began, at.certain)
	switch {
	case f.missed > 0:
		r.gaps.missed(at.channel, at.room, f.missed, f.since, time.Now())
	case f.lost && at.room != "":
		r.gaps.lost([]string{at.room}, nil, f.since, time.Now())
	case f.lost:
		r.gaps.lost(nil, []string{at.channel}, f.since, time.Now())
	case f.late:
		r.stats.late.Add(1)
	}
	return !f.late
}

// deliver is called by the inbox.
func (r *receiver) deliver(m *received) {
	var err error
	switch {
	case len(m.message) > r.limit(m.message):
		err = errTooLarge
	case m.room != "" || m.channel == r.names.all:
		err = r.deliverMessage(m)
	case m.channel == r.names.node:
		err = r.deliverDirect(m)
	case m.channel == r.names.survey:
		err = r.deliverSurvey(m.message)
	case r.names.isOurs(m.channel): // a probe's
	default:
		err = r.deliverEvent(m)
	}
	if err != nil {
		r.stats.bad.Add(1)
		r.health.complain("a message from Redis was dropped", fmt.Errorf("on channel %.100q: %w", m.channel, err))
	}
}

// limit returns how large a message may be in bytes.
func (r *receiver) limit(message []byte) int {
	if isPlain(message) {
		return int(r.options.MaxPayload)
	}
	return maxHeader + int(r.options.MaxPayload)
}

// Why a message is dropped.
var (
	errTooLarge  = bus.ErrTooLarge
	errNotJSON   = errors.New("the message is not strict JSON")
	errNotObject = errors.New("the message is not a JSON object")
	errReceiver  = errors.New("the message has no valid clientId")
)

// deliverMessage delivers a message for a room, or for all clients or some.
func (r *receiver) deliverMessage(m *received) error {
	message := bus.Message{To: bus.All, Payload: m.message}
	if m.room != "" {
		message.To, message.Room = bus.Room, m.room
	}
	if isPlain(m.message) {
		if !codec.ValidJSON(m.message) {
			return errNotJSON
		}
		r.hand(m, message)
		return nil
	}
	h, payload, err := parseHeader(m.message)
	if err != nil {
		return err
	}
	message.Payload, message.Except = payload, h.except
	if err := h.target.narrow(&message); err != nil {
		return err
	}
	r.hand(m, message)
	return nil
}

// hand gives the node a message. One for which it has no room is missing.
func (r *receiver) hand(m *received, message bus.Message) {
	if r.node.Deliver(message) {
		return
	}
	now := time.Now()
	r.stats.dropped.Add(1)
	r.gaps.missed(m.channel, m.room, 1, now, now)
}

// isPlain reports whether a message is nothing but JSON.
func isPlain(message []byte) bool { return len(message) > 0 && message[0] == '{' }

// narrow sets a message's audience.
func (t *target) narrow(m *bus.Message) error {
	m.Where = t.Where
	switch {
	case t.UserIDs != nil:
		m.To, m.Users = bus.Users, t.UserIDs
	case t.Rooms != nil:
		m.To, m.Rooms = bus.Rooms, t.Rooms
	case t.ClientIDs != nil:
		m.To = bus.Clients
		for _, text := range t.ClientIDs {
			id, ok := parseClientID(text)
			if !ok {
				return errReceiver
			}
			m.Clients = append(m.Clients, id)
		}
	}
	return nil
}

// deliverDirect delivers a message for clients of this node, from another node or
// an application, or what another node asks or answers.
func (r *receiver) deliverDirect(m *received) error {
	switch {
	case !isPlain(m.message):
		return r.deliverMessage(m)
	case mayBeSurvey(m.message):
		return r.deliverSurvey(m.message)
	}
	return r.deliverReply(m.message)
}

// deliverSurvey has a question answered, or takes an answer.
func (r *receiver) deliverSurvey(message []byte) error {
	m, err := parseSurvey(message)
	switch {
	case err != nil:
		return err
	case m.isQuestion():
		r.answering.take(&m)
	default:
		r.asking.answered(&m)
	}
	return nil
}

// deliverReply hands the node an application's answer to one of its clients.
func (r *receiver) deliverReply(message []byte) error {
	if !codec.ValidJSON(message) {
		return errNotJSON
	}
	var reply struct {
		ClientID sonic.NoCopyRawMessage `json:"clientId"`
	}
	if err := plainJSON.Unmarshal(message, &reply); err != nil {
		return errNotObject
	}
	quoted, _ := codec.Unquote([]byte(reply.ClientID))
	if id, ok := parseClientID(quoted); !ok || nodeOf(id) != r.names.id {
		return errReceiver
	}
	r.node.Reply(message)
	return nil
}
