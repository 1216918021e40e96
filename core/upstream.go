package core

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/shard"
)

// An upstream is an application, in any language, that answers requests over the
// bus: those with a route of Options.Upstream that no handler here has. They are
// events on the channel; the answer comes to the node of the client, whose id the
// first 12 digits of the client's are.

var errNoUpstream = &Error{Text: "Nobody answers such requests at the moment", Code: "NO_UPSTREAM"}

// upstreams are the channels by route; an empty action stands for all others of
// the type.
type upstreams map[route]string

func readUpstreams(texts []string) (upstreams, error) {
	all := upstreams{}
	for _, text := range texts {
		address, channel, _ := strings.Cut(text, "=")
		typ, action, hasAction := strings.Cut(address, ".")
		if typ == "" || channel == "" || hasAction && action == "" {
			return nil, fmt.Errorf("upstream %q is not TYPE=CHANNEL or TYPE.ACTION=CHANNEL", text)
		}
		if _, taken := all[route{typ, action}]; taken {
			return nil, fmt.Errorf("upstream %q: %s has another channel already", text, address)
		}
		all[route{typ, action}] = channel
	}
	return all, nil
}

func (u upstreams) channel(typ, action string) string {
	if channel := u[route{typ, action}]; channel != "" {
		return channel
	}
	return u[route{typ, ""}]
}

// sendUpstream hands a request to the application, which replies later or never.
func (l *loop) sendUpstream(ctx *Context, channel string) {
	s := l.server
	if s.wanted(channel) {
		ctx.silent = true
		err := s.emit(&bus.Event{Channel: channel, Payload: appendUpstream(ctx), Sender: s.NodeID()})
		if err == nil {
			l.counters.Upstream++
			return
		}
	}
	l.counters.UpstreamFailures++
	l.replyFailure(ctx, errNoUpstream)
}

// appendUpstream returns the request as the application reads it.
func appendUpstream(ctx *Context) []byte {
	event := appendUser(appendClientID(nil, ctx.client), ctx.client)
	event = appendRaw(event, `,"id":`, ctx.envelope.ID)
	event = appendRaw(event, `,"type":`, ctx.envelope.Type)
	event = appendRaw(event, `,"action":`, ctx.envelope.Action)
	event = appendRaw(event, `,"data":`, ctx.envelope.Data)
	return append(event, '}')
}

// appendRaw appends a member whose value is JSON; without one its key is left
// out.
func appendRaw(dst []byte, key string, raw []byte) []byte {
	if raw == nil {
		return dst
	}
	return append(append(dst, key...), raw...)
}

// upstreamReply is an application's answer.
type upstreamReply struct {
	ClientID string          `json:"clientId"`
	ID       json.RawMessage `json:"id"`
	Type     json.RawMessage `json:"type"`
	Action   json.RawMessage `json:"action"`
	Response json.RawMessage `json:"response"`
}

// Reply sends an application's answer to its client.
func (n node) Reply(payload []byte) {
	var reply upstreamReply
	err := json.Unmarshal(payload, &reply)
	id, ok := shard.ParseID(reply.ClientID)
	if err != nil || !ok || reply.Type == nil || reply.Action == nil || !codec.ValidJSON(payload) {
		n.server.badReplies.Add(1)
		return
	}
	n.server.Visit(id, func(c *Context) {
		c.loop.reply(&codec.Envelope{Type: reply.Type, Action: reply.Action, ID: reply.ID}, reply.Response)
	})
}
