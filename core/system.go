package core

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"github.com/gannet-ws/gannet/codec"
)

// The built-in routes of type system: joining and leaving rooms, and the JSON
// heartbeat. The guide calls them the system controller.

func (s *Server) handleSystem() {
	s.Handle("system", "joinRoom", joinRoom)
	s.Handle("system", "leaveRoom", leaveRoom)
	s.Handle("system", "ping", ping)
	s.Handle("system", "pong", pong)
	if s.options.hasKey() {
		s.Handle("system", "refreshToken", refreshToken)
	}
}

// isoTime is the form of JavaScript's toISOString.
const isoTime = "2006-01-02T15:04:05.000Z"

func isoNow() string { return time.Now().UTC().Format(isoTime) }

// roomRequest is the data of joinRoom and leaveRoom. What a client calls itself
// is a label, echoed as it came.
type roomRequest struct {
	RoomName codec.Raw `json:"roomName"`
	UserID   codec.Raw `json:"userId"`
	Username codec.Raw `json:"username"`
	UserType codec.Raw `json:"userType"`
}

// roomReply is the response to joinRoom and leaveRoom.
type roomReply struct {
	Success  bool      `json:"success"`
	Message  string    `json:"message,omitempty"`
	Error    string    `json:"error,omitempty"`
	Code     string    `json:"code,omitempty"`
	Data     *roomData `json:"data,omitempty"`
	ClientID string    `json:"clientId,omitempty"`
	Degraded bool      `json:"degraded,omitempty"`
}

type roomData struct {
	UserID   json.RawMessage `json:"userId,omitempty"`
	UserType json.RawMessage `json:"userType,omitempty"`
	Username json.RawMessage `json:"username,omitempty"`
	RoomName string          `json:"roomName"`
	JoinedAt string          `json:"joinedAt,omitempty"`
	LeftAt   string          `json:"leftAt,omitempty"`
	ClientID string          `json:"clientId,omitempty"`
}

// readRoomRequest returns the data of a room request, and the room's name, a
// copy, which is empty when there is none.
func readRoomRequest(c *Context) (request roomRequest, room string) {
	c.loop.decoder.Decode(c.Data(), &request) // what is missing shows
	name, _ := codec.Unquote(request.RoomName)
	return request, strings.Clone(name)
}

var errNoRoom = &Error{Text: "Room name is required"}

// roomRefused is the response that says why not.
func roomRefused(c *Context, err error) (any, error) {
	public := publicError(err)
	if public == nil {
		return nil, err
	}
	return &roomReply{Error: public.Text, Code: public.Code, ClientID: c.ClientID().String()}, nil
}

// joinRoom answers when the room's messages are sure to arrive: at once, or
// when the bus has confirmed the subscription.
func joinRoom(c *Context) (any, error) {
	request, room := readRoomRequest(c)
	if room == "" {
		return roomRefused(c, errNoRoom)
	}
	if err := c.requestJoin(room); err != nil {
		return roomRefused(c, err)
	}
	joined := &roomReply{Success: true, Message: "Successfully joined room: " + room, Data: joinedData(c, &request, room)}
	nodes := c.loop.server.options.Bus
	if nodes.Standing(room) {
		return joined, nil
	}
	later := c.replyLater()
	nodes.Await(room, func(err error) {
		joined.Degraded = err != nil
		later.answer(func(*Context) (any, error) { return joined, nil })
	})
	return nil, nil
}

func joinedData(c *Context, request *roomRequest, room string) *roomData {
	id := c.ClientID().String()
	data := &roomData{
		UserID:   labelOr(request.UserID, id),
		UserType: labelOr(request.UserType, "user"),
		Username: labelOr(request.Username, "user_"+id[:8]),
		RoomName: room,
		JoinedAt: isoNow(),
		ClientID: id,
	}
	if user := c.User(); user != nil {
		data.UserID = user.IDJSON
	}
	return data
}

// labelOr is a copy of the label that a client gave itself, or the default where
// it gave none that JavaScript would take for one.
func labelOr(label codec.Raw, otherwise string) json.RawMessage {
	if codec.IsFalsy(label) {
		return codec.AppendString(nil, otherwise)
	}
	return bytes.Clone(label)
}

func leaveRoom(c *Context) (any, error) {
	_, room := readRoomRequest(c)
	if room == "" {
		return roomRefused(c, errNoRoom)
	}
	c.Leave(room)
	return &roomReply{
		Success:  true,
		Message:  "Successfully left room: " + room,
		Data:     &roomData{RoomName: room, LeftAt: isoNow()},
		ClientID: c.ClientID().String(),
	}, nil
}

func appendLeftRoom(dst []byte, room string) []byte {
	dst = append(dst, `{"type":"user","action":"leftRoom","data":{"roomName":`...)
	dst = codec.AppendString(dst, room)
	return append(dst, `}}`...)
}

// ping is answered with an event, as PXL's clients expect, not with a reply.
func ping(c *Context) (any, error) {
	c.silent = true
	l := c.loop
	l.payload = codec.AppendReply(l.payload[:0], &codec.Envelope{
		Type: c.envelope.Type, Action: pongAction, ID: c.envelope.ID,
	}, nil)
	l.frame(l.payload)
	return nil, nil
}

var pongAction = []byte(`"pong"`)

// pong has done its work by arriving.
func pong(c *Context) (any, error) {
	c.silent = true
	return nil, nil
}
