package core

import (
	"encoding/json"
	"net/netip"
	"time"

	"github.com/gannet-ws/gannet/shard"
)

// ClientView is a look at a client from its own event loop, for a function that
// picks clients. It is valid until the function returns.
type ClientView struct {
	loop   *loop
	client *shard.Client
}

// view returns the loop's one view, of this client.
func (l *loop) view(c *shard.Client) *ClientView {
	l.viewed = ClientView{l, c}
	return &l.viewed
}

// ID returns the client's id, which outlives the view.
func (v *ClientView) ID() ClientID { return v.client.ID() }

// User returns who the client is, nil for an anonymous one. It may be kept.
func (v *ClientView) User() *User { return v.client.User() }

// UserID returns the subject of the client's token, empty for an anonymous one.
func (v *ClientView) UserID() string {
	if user := v.client.User(); user != nil {
		return user.ID
	}
	return ""
}

// Claims returns the claims of the client's token, a JSON object, nil for an
// anonymous one. It must not be changed.
func (v *ClientView) Claims() json.RawMessage {
	if user := v.client.User(); user != nil {
		return user.Payload
	}
	return nil
}

// BindClaims decodes the claims as Context.BindClaims does.
func (v *ClientView) BindClaims(into any) error { return bindClaims(v.client.User(), into) }

// Address returns where the client connects from: what a trusted proxy says, or else
// the peer's own address; the zero Addr for a Unix socket.
func (v *ClientView) Address() netip.Addr { return v.loop.shard.Address(v.client) }

// Subprotocol returns which of Options.Subprotocols was chosen, empty for none.
func (v *ClientView) Subprotocol() string {
	return v.loop.server.options.subprotocol(v.loop.shard.Subprotocol(v.client))
}

// Metadata returns the JSON value that is kept with the client by that key, nil
// without one. It must not be changed.
func (v *ClientView) Metadata(key string) json.RawMessage {
	return v.loop.shard.Metadata(v.client, key)
}

// IsMember reports whether the client is in the room.
func (v *ClientView) IsMember(room string) bool { return v.loop.shard.IsMember(v.client, room) }

// LastActivity returns when the client's last message came; the time of its
// connecting if none has.
func (v *ClientView) LastActivity() time.Time {
	return time.Now().Add(-since(v.loop.shard.Now, v.client.Active))
}

// ClientInfo is what is known of a client, a copy that may be kept.
type ClientInfo struct {
	ID           ClientID                   `json:"id"`
	User         *User                      `json:"user"`                  // nil for an anonymous client
	Address      netip.Addr                 `json:"address"`               // the zero Addr, in JSON "", for a Unix socket
	Subprotocol  string                     `json:"subprotocol,omitempty"` // that was chosen; empty for none
	Rooms        []string                   `json:"rooms"`
	Metadata     map[string]json.RawMessage `json:"metadata,omitempty"` // by key; nil without any
	LastActivity time.Time                  `json:"lastActivity"`
	Backlog      int                        `json:"backlog"` // bytes that wait for it
}

// Info returns a copy of all that there is to know.
func (v *ClientView) Info() ClientInfo {
	info := ClientInfo{
		ID:           v.ID(),
		User:         v.User(),
		Address:      v.Address(),
		Subprotocol:  v.Subprotocol(),
		Rooms:        v.loop.shard.Rooms(v.client, []string{}),
		LastActivity: v.LastActivity(),
		Backlog:      v.client.Backlog(),
	}
	v.loop.shard.EachMetadata(v.client, func(key string, value []byte) {
		if info.Metadata == nil {
			info.Metadata = map[string]json.RawMessage{}
		}
		info.Metadata[key] = value
	})
	return info
}
