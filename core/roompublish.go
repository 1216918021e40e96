package core

import (
	"encoding/json"

	"github.com/gannet-ws/gannet/codec"
)

// The built-in route room.publish, with which clients send to rooms that they
// are in. It exists only with Options.ClientPublish.

type publishRequest struct {
	RoomName codec.Raw `json:"roomName"`
	Self     codec.Raw `json:"self"` // false: the sender gets nothing
	Data     codec.Raw `json:"data"`
}

var errNotMember = &Error{Text: "You are not in this room", Code: "NOT_A_MEMBER"}

// success is boxed once: returning it allocates nothing.
var success any = json.RawMessage(`{"success":true}`)

func roomPublish(c *Context) (any, error) {
	request := &c.loop.publishing
	*request = publishRequest{}
	c.loop.decoder.Decode(c.Data(), request) // what is missing shows
	name, _ := codec.Unquote(request.RoomName)
	if name == "" {
		return roomRefused(c, errNoRoom)
	}
	room, member := c.loop.shard.Membership(c.client, name)
	if !member {
		return roomRefused(c, errNotMember)
	}
	p := Publication{
		To:      Room(room),
		Message: codec.NewMessage(codec.OpText, c.appendRoomMessage(room, request.Data)),
	}
	if string(request.Self) == "false" {
		p.To = p.To.Except(c.ClientID())
	}
	if _, err := c.Publish(p); err != nil {
		return roomRefused(c, err)
	}
	return success, nil
}

// appendRoomMessage returns the event that members get, in a buffer of the loop.
func (c *Context) appendRoomMessage(room string, data []byte) []byte {
	id := c.ClientID()
	event := append(trim(c.loop.payload), `{"type":"room","action":"message","data":{"roomName":`...)
	event = codec.AppendString(event, room)
	event = append(event, `,"clientId":"`...)
	event = id.AppendHex(event)
	event = append(event, `","userId":`...)
	if user := c.User(); user != nil {
		event = append(event, user.IDJSON...)
	} else {
		event = append(event, '"')
		event = id.AppendHex(event)
		event = append(event, '"')
	}
	event = append(event, `,"data":`...)
	if data == nil {
		event = append(event, "null"...)
	}
	event = append(event, data...)
	event = append(event, `}}`...)
	c.loop.payload = event
	return event
}
