package redis

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gannet-ws/gannet/bus"
)

// told is a node that keeps the gaps that it is told of.
type told struct {
	bus.Node
	gaps map[string]bus.Gap // by channel
}

func (n *told) Missed(g bus.Gap) { n.gaps[g.Channel] = g }

func TestGaps_WhomTheyConcern(t *testing.T) {
	names := newNames(&Options{Prefix: "gannet:", PXLPrefix: "pxl:"}, 1)
	at := func(second int) time.Time { return time.Unix(int64(second), 0) }
	for name, tt := range map[string]struct {
		happens func(*gaps)
		want    map[string]bus.Gap
	}{
		"messages of a room": {
			func(g *gaps) {
				g.missed("gannet:room:{x}", "x", 2, at(2), at(3))
				g.missed("gannet:room:{x}", "x", 3, at(1), at(2))
			},
			map[string]bus.Gap{"gannet:room:{x}": {Channel: "gannet:room:{x}", Rooms: []string{"x"}, Count: 5, From: at(1), To: at(3)}},
		},
		"messages for all, and for nobody": {
			func(g *gaps) {
				for _, channel := range []string{"gannet:all", names.node, "pxl:sendMessageToAll", "pxl:messageError", "pxl:custom", "gannet:survey", "sendMessageToAll"} {
					g.missed(channel, "", 1, at(1), at(2))
				}
			},
			map[string]bus.Gap{
				"gannet:all":           {Channel: "gannet:all", All: true, Count: 1, From: at(1), To: at(2)},
				names.node:             {Channel: names.node, All: true, Count: 1, From: at(1), To: at(2)},
				"pxl:sendMessageToAll": {Channel: "pxl:sendMessageToAll", All: true, Count: 1, From: at(1), To: at(2)},
				"pxl:messageError":     {Channel: "pxl:messageError", All: true, Count: 1, From: at(1), To: at(2)},
				"pxl:custom":           {Channel: "pxl:custom", Count: 1, From: at(1), To: at(2)},
				"gannet:survey":        {Channel: "gannet:survey", Count: 1, From: at(1), To: at(2)},
				"sendMessageToAll":     {Channel: "sendMessageToAll", Count: 1, From: at(1), To: at(2)},
			},
		},
		"a connection": {
			func(g *gaps) {
				g.lost([]string{"x", "y"}, []string{"gannet:all", names.node, "pxl:custom"}, at(1), at(2))
			},
			map[string]bus.Gap{
				"":           {Rooms: []string{"x", "y"}, All: true, From: at(1), To: at(2)},
				"pxl:custom": {Channel: "pxl:custom", From: at(1), To: at(2)},
			},
		},
		"connections of rooms, and of others": {
			func(g *gaps) {
				g.lost([]string{"x"}, []string{"pxl:custom"}, at(2), at(3))
				g.lost([]string{"y"}, []string{"gannet:all"}, at(1), at(2))
			},
			map[string]bus.Gap{
				"":           {Rooms: []string{"x", "y"}, All: true, From: at(1), To: at(3)},
				"pxl:custom": {Channel: "pxl:custom", From: at(2), To: at(3)},
			},
		},
		"a connection of rooms alone": {
			func(g *gaps) { g.lost([]string{"x"}, nil, at(1), at(2)) },
			map[string]bus.Gap{"": {Rooms: []string{"x"}, From: at(1), To: at(2)}},
		},
		"a connection without rooms": {
			func(g *gaps) { g.lost(nil, []string{names.node}, at(1), at(2)) },
			map[string]bus.Gap{"": {All: true, From: at(1), To: at(2)}},
		},
		"a connection of events alone": {
			func(g *gaps) { g.lost(nil, []string{"pxl:custom"}, at(1), at(2)) },
			map[string]bus.Gap{"pxl:custom": {Channel: "pxl:custom", From: at(1), To: at(2)}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			g, node := newGaps(names, 100, 0, &counters{}), &told{gaps: map[string]bus.Gap{}}
			tt.happens(g)
			g.tell(node)
			assert.Equal(t, tt.want, node.gaps)
		})
	}
}

// Beyond the bound nothing is forgotten: it is told with what nobody counted.
func TestGaps_TooManyChannels(t *testing.T) {
	at := time.Unix(1, 0)
	g, node := newGaps(newNames(&Options{Prefix: "gannet:"}, 1), 1, 0, &counters{}), &told{gaps: map[string]bus.Gap{}}
	g.missed("gannet:room:{x}", "x", 1, at, at)
	g.missed("gannet:room:{y}", "y", 1, at, at)
	g.missed("gannet:all", "", 1, at, at)
	g.tell(node)
	assert.Equal(t, map[string]bus.Gap{
		"gannet:room:{x}": {Channel: "gannet:room:{x}", Rooms: []string{"x"}, Count: 1, From: at, To: at},
		"":                {Rooms: []string{"y"}, All: true, From: at, To: at},
	}, node.gaps)
}
