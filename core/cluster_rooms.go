package core

import (
	"cmp"
	"context"
	"encoding/json"
)

const (
	defaultListed = 1000
	// MaxListed is the largest limit of what Cluster lists: an answer has to fit
	// into a message of the bus.
	MaxListed = 10_000

	kindRooms   = builtIn + "rooms"
	kindMembers = builtIn + "members"
)

// listed is a limit as it counts: 1,000 where it is 0 or less, and MaxListed where
// it is more.
func listed(limit int) int {
	if limit <= 0 {
		return defaultListed
	}
	return min(limit, MaxListed)
}

// ClusterRooms are rooms and the numbers of their members on all nodes.
type ClusterRooms struct {
	Rooms []RoomInfo `json:"rooms"` // largest first, then by name
	// Truncated says that a node has more rooms than the limit. Small ones are
	// not in the list then, and the members of a room on nodes where it is among
	// the small ones are not in its number.
	Truncated bool `json:"truncated"`
	Coverage
}

// Rooms returns the largest rooms, at most limit of them: 1,000 where it is 0 or
// less, and never more than MaxListed.
func (c *Cluster) Rooms(ctx context.Context, limit int) ClusterRooms {
	limit = listed(limit)
	answers, coverage := inquire[someRooms](ctx, c, "", kindRooms, listRequest{Limit: limit})
	result := ClusterRooms{Coverage: coverage}
	sums := map[string]int{}
	for _, a := range answers {
		result.Truncated = result.Truncated || a.value.Truncated
		for _, room := range a.value.Rooms {
			sums[room.Name] += room.Members
		}
	}
	all := sumsOf(sums, compareRooms)
	result.Truncated = result.Truncated || len(all) > limit
	result.Rooms = all[:min(len(all), limit)]
	return result
}

// listRequest asks for rooms, or for the clients of a room or a user.
type listRequest struct {
	Room   string `json:"room,omitempty"`
	UserID string `json:"userId,omitempty"`
	Limit  int    `json:"limit"`
}

func readList(data json.RawMessage) (request listRequest, err error) {
	err = json.Unmarshal(data, &request)
	request.Limit = listed(request.Limit)
	return request, err
}

// someRooms are the first rooms of one node, in the order that was asked for.
type someRooms struct {
	Rooms     []RoomInfo `json:"rooms"`
	Truncated bool       `json:"truncated"`
}

func (s *Server) answerRooms(_ context.Context, data json.RawMessage) (any, error) {
	request, err := readList(data)
	if err != nil {
		return nil, err
	}
	largest := roomHeap{before: compareRooms, limit: request.Limit}
	s.directory.EachRoom(func(name string, members int) { largest.offer(RoomInfo{name, members}) })
	return largest.sorted(), nil
}

// compareRooms puts larger rooms first.
func compareRooms(a, b RoomInfo) int {
	return cmp.Or(cmp.Compare(b.Members, a.Members), cmp.Compare(a.Name, b.Name))
}

// Members returns the clients that are in a room, with the limit of Rooms, those
// of one node after those of another.
func (c *Cluster) Members(ctx context.Context, room string, limit int) ClientList {
	return c.list(ctx, kindMembers, listRequest{Room: room, Limit: listed(limit)})
}

func (s *Server) answerMembers(ctx context.Context, data json.RawMessage) (any, error) {
	request, err := readList(data)
	if err != nil {
		return nil, err
	}
	members, err := s.Members(ctx, request.Room)
	return someOf(members, request.Limit), err
}
