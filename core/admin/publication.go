package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/auth"
)

// publication is a publish request: the body of one, or a line of a batch. It has a
// message and at most one audience; without one it is for all clients.
type publication struct {
	Room      name            `json:"room"`
	Rooms     several[name]   `json:"rooms"`
	UserID    userID          `json:"userId"`
	UserIDs   several[userID] `json:"userIds"`
	ClientID  name            `json:"clientId"`
	ClientIDs several[name]   `json:"clientIds"`
	Except    name            `json:"except"`
	Where     name            `json:"where"`
	Message   json.RawMessage `json:"message"`
}

// readPublication reads a publish request. The publication's message is a copy.
func readPublication(raw []byte) (p core.Publication, bad *apiError) {
	var request publication
	if start := bytes.TrimLeft(raw, " \t\r\n"); len(start) == 0 || start[0] != '{' {
		return p, errNoObject
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields() // a mistyped target would mean everybody
	if err := decoder.Decode(&request); err != nil || !atEnd(decoder) {
		return p, whatIsWrong(raw)
	}
	if p.To, bad = request.target(); bad != nil {
		return p, bad
	}
	if request.Message == nil {
		return p, errNoMessage
	}
	if bad = checkEnvelope(request.Message); bad != nil {
		return p, bad
	}
	if !utf8.Valid(raw) { // a name would be another one's
		return p, errNotUTF8
	}
	p.Message = codec.NewMessage(codec.OpText, request.Message)
	return p, nil
}

func atEnd(decoder *json.Decoder) bool {
	_, err := decoder.Token()
	return err == io.EOF
}

// target returns the audience, without those that except and where leave out.
func (p *publication) target() (to core.Target, bad *apiError) {
	if to, bad = p.audience(); bad != nil {
		return to, bad
	}
	if p.Except != "" {
		except, bad := clientID(string(p.Except))
		if bad != nil {
			return to, bad
		}
		to = to.Except(except)
	}
	if p.Where != "" {
		return where(to, string(p.Where))
	}
	return to, nil
}

func (p *publication) audience() (core.Target, *apiError) {
	rooms, users, clients := p.Rooms.with(p.Room), p.UserIDs.with(p.UserID), p.ClientIDs.with(p.ClientID)
	switch {
	case p.audiences() > 1:
		return core.Target{}, &apiError{"Publish request has more than one target", badLine}
	case len(rooms) > 0:
		return roomsTarget(rooms)
	case len(users) > 0:
		return core.Users(texts(users)...), nil
	case len(clients) > 0:
		return clientsTarget(clients)
	}
	return core.All(), nil
}

// audiences counts the targets that the request names.
func (p *publication) audiences() (n int) {
	for _, given := range []bool{
		p.Room != "", p.UserID != "", p.ClientID != "", p.Rooms != nil, p.UserIDs != nil, p.ClientIDs != nil,
	} {
		if given {
			n++
		}
	}
	return n
}

// maxRoomsSize bounds the rooms of one message, in bytes of JSON: their list and a
// condition have to fit into one message of the bus, as in two of them who is in two
// rooms would get both. Lists of users and clients are divided where that is needed.
const maxRoomsSize = 48 << 10

func roomsTarget(rooms several[name]) (core.Target, *apiError) {
	if encoded, err := json.Marshal(rooms); err != nil || len(encoded) > maxRoomsSize {
		return core.Target{}, &apiError{"Publish request has too many rooms for one message", badLine}
	}
	slices.Sort(rooms)
	return core.Rooms(texts(slices.Compact(rooms))...), nil
}

func clientsTarget(clients several[name]) (core.Target, *apiError) {
	ids := make([]core.ClientID, len(clients))
	for i, text := range clients {
		id, bad := clientID(string(text))
		if bad != nil {
			return core.Target{}, bad
		}
		ids[i] = id
	}
	return core.Clients(ids...), nil
}

// name is a string that may be absent, but neither null nor empty: where an
// application has lost its target, everybody must not take the place.
type name string

// UnmarshalJSON reads the string.
func (n *name) UnmarshalJSON(raw []byte) error {
	switch {
	case string(raw) == "null":
		return errNull
	case string(raw) == `""`:
		return errEmpty
	case json.Unmarshal(raw, (*string)(n)) != nil:
		return errNotText
	}
	return nil
}

// userID is a user's id, which JSON may hold as a number or as a string.
type userID string

// UnmarshalJSON reads either form, in the spelling of tokens.
func (u *userID) UnmarshalJSON(raw []byte) error {
	subject, ok := auth.SubjectText(raw)
	switch {
	case ok:
		*u = userID(subject)
		return nil
	case string(raw) == "null":
		return errNull
	case string(raw) == `""`:
		return errEmpty
	}
	return errNotUserID
}

// several is names that may be absent, but neither null nor empty.
type several[T ~string] []T

// UnmarshalJSON reads an array.
func (l *several[T]) UnmarshalJSON(raw []byte) error {
	if string(raw) == "null" {
		return errNull
	}
	err := json.Unmarshal(raw, (*[]T)(l))
	var shape *json.UnmarshalTypeError
	switch {
	case errors.As(err, &shape):
		return errNotArray
	case err != nil:
		return fmt.Errorf("has an entry that %w", err)
	case len(*l) == 0:
		return errEmpty
	}
	return nil
}

// with returns the list, or the one name if there is one.
func (l several[T]) with(one T) several[T] {
	if one != "" {
		return several[T]{one}
	}
	return l
}

func texts[T ~string](names []T) []string {
	all := make([]string, len(names))
	for i, n := range names {
		all[i] = string(n)
	}
	return all
}
