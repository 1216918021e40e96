package core_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// Whatever the size of a page, the pages together have each room once, in order, with
// its members on all nodes.
func TestCluster_RoomPages(t *testing.T) {
	threeNodes(t, func(t *testing.T, servers []*core.Server) {
		want := map[string]int{}
		for i, s := range servers {
			client := connect(t, s)
			for k := range 12 {
				if name := fmt.Sprintf("room:%02d", k); k%(i+1) == 0 {
					client.join(name)
					want[name]++
				}
			}
			client.join("Other é")
			want["Other é"]++
		}
		for limit := 1; limit <= 14; limit++ {
			got := map[string]int{}
			var names []string
			for after, more := "", true; more; {
				page := servers[limit%3].Cluster().RoomsByName(t.Context(), "", after, limit)
				require.Equal(t, complete, page.Coverage)
				require.LessOrEqual(t, len(page.Rooms), limit)
				for _, room := range page.Rooms {
					names = append(names, room.Name)
					got[room.Name] = room.Members
				}
				require.Equal(t, page.Truncated, page.Next != "")
				after, more = page.Next, page.Truncated
			}
			require.Equal(t, want, got, limit)
			require.Len(t, names, len(want))
			require.True(t, slices.IsSorted(names))
		}
	}, core.Options{Loops: 2, MaxRooms: 20})
}

func TestCluster_RoomsByPrefix(t *testing.T) {
	both := startTier(t, core.Options{Loops: 1})
	member(t, both.here, "a", "a:1", "a:2", "b")
	member(t, both.there, "a:2", "a:3", "aa")
	for _, tt := range []struct {
		prefix, after string
		limit         int
		want          string
		more          bool
	}{
		{"", "", 0, "a:1 a:1:1 a:2:2 a:3:1 aa:1 b:1", false},
		{"a:", "", 0, "a:1:1 a:2:2 a:3:1", false},
		{"a:", "", 2, "a:1:1 a:2:2", true},
		{"a:", "a:2", 2, "a:3:1", false},
		{"a:", "a:3", 2, "", false},
		{"", "aa", 1, "b:1", false},
		{"", "a:11", 1, "a:2:2", true},
		{"none", "", 0, "", false},
		{"a", "zzz", 0, "", false},
	} {
		page := both.here.Cluster().RoomsByName(t.Context(), tt.prefix, tt.after, tt.limit)
		var got []string
		for _, room := range page.Rooms {
			got = append(got, fmt.Sprintf("%s:%d", room.Name, room.Members))
		}
		assert.Equal(t, tt.want, strings.Join(got, " "), tt)
		assert.Equal(t, tt.more, page.Truncated, tt)
		assert.NotNil(t, page.Rooms)
	}
}

func TestCluster_Room(t *testing.T) {
	threeNodes(t, func(t *testing.T, servers []*core.Server) {
		member(t, servers[0], "r")
		member(t, servers[0], "r")
		member(t, servers[2], "r", "other")
		room := servers[1].Cluster().Room(t.Context(), "r")
		assert.Equal(t, "r", room.Name)
		assert.Equal(t, 3, room.Members)
		assert.ElementsMatch(t, []core.MembersAtNode{{Node: servers[0].NodeID(), Members: 2}, {Node: servers[2].NodeID(), Members: 1}}, room.Nodes)
		assert.Equal(t, complete, room.Coverage)
		nobody := core.RoomMembers{Name: "none", Nodes: []core.MembersAtNode{}, Coverage: complete}
		assert.Equal(t, nobody, servers[1].Cluster().Room(t.Context(), "none"))
	}, core.Options{Loops: 1})
}
