package client

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
)

var errNoRoom = errors.New("a room needs a name")

// roomData is the data of joinRoom and leaveRoom, and of the event leftRoom.
type roomData struct {
	RoomName string `json:"roomName"`
}

// Join joins a room, now and after each reconnect until Leave. When it returns
// nil, all that is sent to the room from now on arrives. A *ReplyError says that
// the server refused, and the room is forgotten. After any other error it is
// not: the client may be in the room, or will be after the next connect.
func (c *Client) Join(ctx context.Context, room string) error {
	made, err := c.roomCall(room)
	if err != nil {
		return err
	}
	made.joins = true
	c.want(room)
	_, err = c.ask(ctx, made, "system", "joinRoom", roomData{room})
	var refused *ReplyError
	if errors.As(err, &refused) {
		c.unwant(room)
	}
	return err
}

// Leave leaves a room, and forgets it whatever the error. The server tells
// handlers of user.leftRoom when the client was in it.
func (c *Client) Leave(ctx context.Context, room string) error {
	made, err := c.roomCall(room)
	if err != nil {
		return err
	}
	c.unwant(room)
	_, err = c.ask(ctx, made, "system", "leaveRoom", roomData{room})
	return err
}

// Rooms returns the rooms that the client is in, or will be when it is connected,
// in the order of joining.
func (c *Client) Rooms() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.rooms)
}

func (c *Client) roomCall(room string) (*call, error) {
	if room == "" {
		return nil, errNoRoom
	}
	made := c.newCall()
	made.room = room
	return made, nil
}

func (c *Client) want(room string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remember(room)
}

func (c *Client) unwant(room string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forget(room)
}

// remember makes a room the last one: where a server allows but one, that is the
// one to be in. It needs c.mu.
func (c *Client) remember(room string) {
	c.forget(room)
	c.rooms = append(c.rooms, room)
}

// forget needs c.mu.
func (c *Client) forget(room string) {
	c.rooms = slices.DeleteFunc(c.rooms, func(r string) bool { return r == room })
}

// left forgets a room that the server says the client has left, without having
// been asked to by a call that is under way: what was asked last counts.
func (c *Client) left(data json.RawMessage) {
	var event roomData
	if json.Unmarshal(data, &event) != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, made := range c.calls.waiting {
		if made.room == event.RoomName {
			return
		}
	}
	c.forget(event.RoomName)
}

// joined learns from the response to joinRoom. It reports whether messages from
// other nodes may be missing. It needs c.mu.
func (c *Client) joined(response json.RawMessage) (degraded bool) {
	var content struct {
		Degraded bool `json:"degraded"`
		Data     struct {
			ClientID string `json:"clientId"`
		} `json:"data"`
	}
	if json.Unmarshal(response, &content) != nil {
		return false
	}
	if content.Data.ClientID != "" {
		c.id = content.Data.ClientID
	}
	return content.Degraded
}
