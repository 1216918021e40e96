package core

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
)

// What there is to know of rooms by their names: pages of all of them, and one.

const (
	kindRoomPage = builtIn + "roomPage"
	kindRoom     = builtIn + "room"
)

// RoomPage is some of the rooms of all nodes, by name.
type RoomPage struct {
	Rooms     []RoomInfo `json:"rooms"`
	Truncated bool       `json:"truncated"` // there are more behind them
	// Next is the name behind which the next page begins; empty where there is none.
	Next string `json:"next,omitempty"`
	Coverage
}

// pageRequest asks for rooms by name.
type pageRequest struct {
	Prefix string `json:"prefix,omitempty"`
	After  string `json:"after,omitempty"`
	Limit  int    `json:"limit"`
}

// RoomsByName returns the rooms whose names begin with the prefix and come after the
// given one, in the order of their bytes: at most limit of them, with the limit of
// Rooms. The numbers of members are those of all nodes that have answered, on every
// page. With RoomPage.Next as after it returns the next page; rooms that come or go
// meanwhile are on a page or not, all others on exactly one.
func (c *Cluster) RoomsByName(ctx context.Context, prefix, after string, limit int) RoomPage {
	limit = listed(limit)
	answers, coverage := inquire[someRooms](ctx, c, "", kindRoomPage, pageRequest{prefix, after, limit})
	page := RoomPage{Coverage: coverage}
	sums := map[string]int{}
	for _, a := range answers {
		page.Truncated = page.Truncated || a.value.Truncated
		for _, room := range a.value.Rooms {
			sums[room.Name] += room.Members
		}
	}
	// A node that has more than the limit has told of that many names, and none that
	// it has not told of comes before the last of them: the first names are complete.
	all := sumsOf(sums, compareNames)
	page.Truncated = page.Truncated || len(all) > limit
	page.Rooms = all[:min(len(all), limit)]
	if page.Truncated && len(page.Rooms) > 0 {
		page.Next = page.Rooms[len(page.Rooms)-1].Name
	}
	return page
}

func (s *Server) answerRoomPage(_ context.Context, data json.RawMessage) (any, error) {
	var request pageRequest
	if err := json.Unmarshal(data, &request); err != nil {
		return nil, err
	}
	first := roomHeap{before: compareNames, limit: listed(request.Limit)}
	s.directory.EachRoom(func(name string, members int) {
		if name > request.After && strings.HasPrefix(name, request.Prefix) {
			first.offer(RoomInfo{name, members})
		}
	})
	return first.sorted(), nil
}

func compareNames(a, b RoomInfo) int { return cmp.Compare(a.Name, b.Name) }

// RoomMembers are the numbers of a room's members.
type RoomMembers struct {
	Name    string          `json:"name"`
	Members int             `json:"members"` // of all nodes
	Nodes   []MembersAtNode `json:"nodes"`   // those that have some, by id
	Coverage
}

// MembersAtNode is the number of a room's members that one node has.
type MembersAtNode struct {
	Node    string `json:"node"`
	Members int    `json:"members"`
}

// Room returns how many members a room has on each node. A room without any is not
// told from one that nobody has ever been in.
func (c *Cluster) Room(ctx context.Context, name string) RoomMembers {
	answers, coverage := inquire[int](ctx, c, "", kindRoom, listRequest{Room: name})
	room := RoomMembers{Name: name, Nodes: []MembersAtNode{}, Coverage: coverage}
	for _, a := range answers {
		room.Members += a.value
		if a.value > 0 {
			room.Nodes = append(room.Nodes, MembersAtNode{a.node, a.value})
		}
	}
	return room
}

func (s *Server) answerRoom(_ context.Context, data json.RawMessage) (any, error) {
	request, err := readList(data)
	return s.MemberCount(request.Room), err
}

// sumsOf returns rooms and the numbers of their members, in an order.
func sumsOf(sums map[string]int, before func(a, b RoomInfo) int) []RoomInfo {
	all := make([]RoomInfo, 0, len(sums))
	for name, members := range sums {
		all = append(all, RoomInfo{name, members})
	}
	slices.SortFunc(all, before)
	return all
}
