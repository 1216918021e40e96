package core

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Joining and leaving rooms for clients that are anywhere. It is the operator's word:
// neither the join policy nor Hooks.Join is asked, as with Context.Join, while the
// rules for names, MaxRooms and single-room mode hold. A client is told what
// Context.Join and Context.Leave tell it: nothing of a room that it is in from now on,
// user.leftRoom of one that it is in no more.

const (
	kindJoin      = builtIn + "join"
	kindJoinUser  = builtIn + "joinUser"
	kindLeave     = builtIn + "leave"
	kindLeaveUser = builtIn + "leaveUser"
)

// Membership says what has become of a membership.
type Membership struct {
	// Clients is the number of clients that are members now, whether they were
	// before or not; of Leave and LeaveUser those whose membership has ended.
	Clients int `json:"clients"`
	// Refused is the number of clients that are in as many rooms as they may be.
	Refused int `json:"refused"`
	// Degraded says that a node has joined clients and could not subscribe to the
	// room: messages of other nodes may not reach them yet.
	Degraded bool `json:"degraded"`
	Coverage
}

// membershipRequest has a client, or those of a user, join or leave a room.
type membershipRequest struct {
	ClientID ClientID `json:"clientId"`
	UserID   string   `json:"userId,omitempty"`
	Room     string   `json:"room"`
}

// memberships is what one node has done.
type memberships struct {
	Clients  int  `json:"clients"`
	Refused  int  `json:"refused,omitempty"`
	Degraded bool `json:"degraded,omitempty"`
}

// Join makes a client a member of a room wherever it is, and waits until messages of
// all nodes are sure to reach it. Only the node that the id names is asked. The error
// says that no room may have the name.
func (c *Cluster) Join(ctx context.Context, id ClientID, room string) (Membership, error) {
	return c.change(ctx, nodeOf(id), kindJoin, membershipRequest{ClientID: id, Room: room})
}

// JoinUser makes all clients of a user members of a room, on all nodes, as Join does
// one. Those that come later are not.
func (c *Cluster) JoinUser(ctx context.Context, userID, room string) (Membership, error) {
	return c.change(ctx, "", kindJoinUser, membershipRequest{UserID: userID, Room: room})
}

// Leave ends a client's membership of a room wherever it is. Only the node that the id
// names is asked. The error says that no room may have the name.
func (c *Cluster) Leave(ctx context.Context, id ClientID, room string) (Membership, error) {
	return c.change(ctx, nodeOf(id), kindLeave, membershipRequest{ClientID: id, Room: room})
}

// LeaveUser ends the memberships of all clients of a user, on all nodes, as Leave does
// one.
func (c *Cluster) LeaveUser(ctx context.Context, userID, room string) (Membership, error) {
	return c.change(ctx, "", kindLeaveUser, membershipRequest{UserID: userID, Room: room})
}

// change adds up what the nodes have done.
func (c *Cluster) change(ctx context.Context, nodeID, kind string, request membershipRequest) (Membership, error) {
	if err := c.server.options.checkRoomName(request.Room); err != nil {
		return Membership{Coverage: Coverage{Missing: []string{}}}, err
	}
	answers, coverage := inquire[memberships](ctx, c, nodeID, kind, request)
	result := Membership{Coverage: coverage}
	for _, a := range answers {
		result.Clients += a.value.Clients
		result.Refused += a.value.Refused
		result.Degraded = result.Degraded || a.value.Degraded
	}
	return result, nil
}

// answerMembership returns the handler of a kind: who is asked for is joined or made
// to leave.
func (s *Server) answerMembership(
	who func(*Server, *membershipRequest) []ClientID,
	do func(*Server, context.Context, []ClientID, string) (memberships, error),
) SurveyHandler {
	return func(ctx context.Context, data json.RawMessage) (any, error) {
		var request membershipRequest
		if err := json.Unmarshal(data, &request); err != nil {
			return nil, fmt.Errorf("cannot read what is asked for: %w", err)
		}
		return do(s, ctx, who(s, &request), request.Room)
	}
}

func oneClient(_ *Server, r *membershipRequest) []ClientID { return []ClientID{r.ClientID} }

func clientsOfUser(s *Server, r *membershipRequest) []ClientID { return s.UserClients(r.UserID) }

// joinHere joins clients of this node to a room; who has gone is left out.
func (s *Server) joinHere(ctx context.Context, ids []ClientID, room string) (memberships, error) {
	var done memberships
	for _, id := range ids {
		switch err := s.JoinRoom(ctx, id, room); {
		case err == nil:
			done.Clients++
		case errors.Is(err, errTooManyRooms):
			done.Refused++
		case !errors.Is(err, ErrGone):
			return done, err
		}
	}
	done.Degraded = done.Clients > 0 && !s.awaitRoom(ctx, room)
	return done, nil
}

// awaitRoom waits until what other nodes send to a room is sure to reach this one, and
// reports whether it is. A quarter of the time that is left it leaves for the answer:
// a room that is late is degraded, not a node that is missing.
func (s *Server) awaitRoom(ctx context.Context, room string) bool {
	nodes := s.options.Bus
	if nodes.Standing(room) {
		return true
	}
	if end, bounded := ctx.Deadline(); bounded {
		sooner, cancel := context.WithTimeout(ctx, time.Until(end)*3/4)
		defer cancel()
		ctx = sooner
	}
	confirmed := make(chan error, 1)
	nodes.Await(room, func(err error) { confirmed <- err })
	err, answered := receive(ctx, confirmed)
	return answered && err == nil
}

// leaveHere ends memberships of clients of this node.
func (s *Server) leaveHere(ctx context.Context, ids []ClientID, room string) (memberships, error) {
	var done memberships
	for _, id := range ids {
		left, err := s.LeaveRoom(ctx, id, room)
		if err != nil && !errors.Is(err, ErrGone) {
			return done, err
		}
		if left {
			done.Clients++
		}
	}
	return done, nil
}
