package core

import (
	"context"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/gannet-ws/gannet/shard"
)

// What other goroutines can do with rooms. As in clients.go, the methods that
// take a context wait for event loops and must not be called on one; a handler
// that need not know how it ends uses Visit.

// JoinRoom makes a client of this node a member of a room, as Context.Join does.
// The error is that of Context.Join, ErrGone, or ctx's.
func (s *Server) JoinRoom(ctx context.Context, id ClientID, room string) error {
	err, ok := askClient(ctx.Done(), s, id, func(c *Context) error { return c.Join(room) })
	if !ok {
		return gone(ctx)
	}
	return err
}

// LeaveRoom ends a membership, as Context.Leave does, and reports whether there
// was one. The error is ErrGone or ctx's.
func (s *Server) LeaveRoom(ctx context.Context, id ClientID, room string) (bool, error) {
	left, ok := askClient(ctx.Done(), s, id, func(c *Context) bool { return c.Leave(room) })
	if !ok {
		return false, gone(ctx)
	}
	return left, nil
}

// MemberCount returns the number of this node's clients that are in the room. It
// does not wait.
func (s *Server) MemberCount(room string) int {
	_, members := s.directory.Room(room)
	return members
}

// Members returns this node's clients that are in the room, in no order. It waits
// for the event loops that have some; the error is ctx's.
func (s *Server) Members(ctx context.Context, room string) ([]ClientID, error) {
	var all []shard.ID
	shards, _ := s.directory.Room(room)
	for i := range shards.All {
		l := s.loop(i)
		if l == nil {
			continue
		}
		members := make(chan []shard.ID, 1)
		l.post(shard.Op{Call: func(sh *shard.Shard) { members <- sh.Members(room) }})
		select {
		case some := <-members:
			all = append(all, some...)
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-l.ended:
			return nil, errStopped
		}
	}
	return all, nil
}

// RoomInfo is a room and the number of its members on this node.
type RoomInfo struct {
	Name    string `json:"name"`
	Members int    `json:"members"`
}

// Rooms returns the rooms that have members on this node, by name. It does not
// wait for event loops; with many rooms it takes a while.
func (s *Server) Rooms() []RoomInfo {
	rooms := make([]RoomInfo, 0, s.directory.Rooms())
	s.directory.EachRoom(func(name string, members int) {
		rooms = append(rooms, RoomInfo{name, members})
	})
	slices.SortFunc(rooms, func(a, b RoomInfo) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return rooms
}

// WriteRooms writes a table of this node's rooms and the numbers of their
// members, for debugging: the guide's printRooms.
func (s *Server) WriteRooms(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ROOM\tMEMBERS")
	for _, room := range s.Rooms() {
		fmt.Fprintf(table, "%s\t%d\n", room.Name, room.Members)
	}
	return table.Flush()
}
