package core_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/bus/redistest"
	"github.com/gannet-ws/gannet/core"
)

// What nodes publish for PXL's workers, as a client of Redis sees it. In payloads
// ADA, BOB and CAT are the ids of clients, ada anonymous, bob and cat users; HERE
// is the node's, NOW the time in milliseconds.

// pxlCast is a node and the clients of a line.
type pxlCast struct {
	t             *testing.T
	node          *core.Server
	witness       *client // is there all the time, on the same loop
	ada, bob, cat *client
	ids           map[string]string // by their words
}

// comes connects a client and keeps its id.
func (p *pxlCast) comes(word, claims string) *client {
	p.t.Helper()
	var c *client
	if claims == "" {
		c = connect(p.t, p.node)
	} else {
		c = connect(p.t, p.node, "token="+wireSign(wireHS256, claims, wireSecret))
		require.Contains(p.t, c.receive(), "authenticated")
	}
	p.ids[word] = idOf(c).String()
	return c
}

// everybodyComes has the clients connect.
func (p *pxlCast) everybodyComes() {
	p.t.Helper()
	p.ada, p.bob, p.cat = p.comes("ADA", ""), p.comes("BOB", `{"sub":5,"plan":"<é>"}`), p.comes("CAT", `{"sub":"cat"}`)
}

// everybodyGoes has those disconnect who have not yet.
func (p *pxlCast) everybodyGoes() {
	p.t.Helper()
	for word, c := range map[string]*client{"ADA": p.ada, "BOB": p.bob, "CAT": p.cat} {
		_ = c.conn.WriteClose(1000, nil)
		p.gone(word)
	}
}

// gone returns when a client has gone, and the node has said so.
func (p *pxlCast) gone(word string) {
	p.t.Helper()
	id := wireShardID(p.t, p.ids[word])
	eventually(p.t, func() bool { return !p.node.Alive(id) }, word+" has gone")
	p.witness.ask(askID) // is answered behind what its loop had to do
}

// named puts ids in the place of words.
func (p *pxlCast) named(text string) string {
	for word, id := range p.ids {
		text = strings.ReplaceAll(text, word, id)
	}
	return text
}

func (p *pxlCast) emits(channel, event string) {
	p.t.Helper()
	require.NoError(p.t, p.node.Emit(channel, rawJSON(p.named(event))))
}

// pxlWorker is a client of Redis that listens, and knows nothing of nodes.
type pxlWorker struct {
	*redistest.Listener
	t testing.TB
}

// hears returns what was published on each channel, in order, when the node has
// sent the event end.
func (w pxlWorker) hears() map[string][]string {
	heard := map[string][]string{}
	for {
		said := w.Next()
		if strings.Contains(said[1], `"end":`) {
			return heard
		}
		heard[said[0]] = append(heard[said[0]], canonical(w.t, said[1]))
	}
}

// canonical is the JSON object with its keys sorted, and with a word in the place
// of the time of lastActivity, a number. Of duplicate keys the last counts.
func canonical(t testing.TB, text string) string {
	t.Helper()
	var members map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &members), text)
	if milliseconds, ok := members["lastActivity"].(float64); ok {
		require.WithinDuration(t, time.Now(), time.UnixMilli(int64(milliseconds)), time.Minute)
		members["lastActivity"] = "NOW"
	}
	sorted, err := json.Marshal(members)
	require.NoError(t, err)
	return string(sorted)
}

func TestPXL_NodesPublish(t *testing.T) {
	const (
		bob      = `{"userId":5,"payload":{"sub":5,"plan":"<é>"}}`
		cat      = `{"userId":"cat","payload":{"sub":"cat"}}`
		join     = `{"type":"system","action":"joinRoom","data":{"roomName":"general"}}`
		leave    = `{"type":"system","action":"leaveRoom","data":{"roomName":"general"}}`
		badRoute = `{"type":"no","action":"such"}`
	)
	connects := [][2]string{
		{"clientConnected", `{"clientId":"ADA","lastActivity":"NOW","user":null,"workerId":"HERE"}`},
		{"clientConnected", `{"clientId":"BOB","lastActivity":"NOW","user":` + bob + `,"workerId":"HERE"}`},
		{"clientConnected", `{"clientId":"CAT","lastActivity":"NOW","user":` + cat + `,"workerId":"HERE"}`},
	}
	envelope := bus.Envelope{Type: "chat", Action: "message", Data: map[string]int{"n": 1}}
	redis := redistest.Start(t)
	options := core.Options{Loops: 1, JWTSecret: wireSecret, Bus: pxlBus(t, redis)}
	node := start(t, options, tellID)
	witness := connect(t, node)
	idOf(witness)
	workers := pxlWorker{redistest.Listen(t, redis, bus.PXLChannels()...), t}
	require.NoError(t, node.SendCustomMessage(map[string]bool{"end": true}))
	workers.hears() // of the witness, or not

	for _, line := range []struct {
		says string
		do   func(*pxlCast)
		want [][2]string
	}{
		{"everybody connects", func(*pxlCast) {}, nil}, // which stands in front of each line
		{"joins", func(p *pxlCast) { p.ada.ask(join); p.bob.ask(join); p.cat.ask(join) }, [][2]string{
			{"clientJoinedRoom", `{"clientId":"ADA","user":null,"roomName":"general","workerId":"HERE"}`},
			{"clientJoinedRoom", `{"clientId":"BOB","user":` + bob + `,"roomName":"general","workerId":"HERE"}`},
			{"clientJoinedRoom", `{"clientId":"CAT","user":` + cat + `,"roomName":"general","workerId":"HERE"}`},
		}},
		{"joins and leaves twice", func(p *pxlCast) {
			p.ada.ask(join)
			p.ada.ask(join)
			p.ada.ask(leave)
			p.ada.receive()
			p.ada.ask(leave)
		}, [][2]string{
			{"clientJoinedRoom", `{"clientId":"ADA","user":null,"roomName":"general","workerId":"HERE"}`},
			{"clientLeftRoom", `{"clientId":"ADA","room":"general","workerId":"HERE"}`},
		}},
		{"goes as a member, which says it all", func(p *pxlCast) { p.ada.ask(join); _ = p.ada.conn.WriteClose(1000, nil); p.gone("ADA") }, [][2]string{
			{"clientJoinedRoom", `{"clientId":"ADA","user":null,"roomName":"general","workerId":"HERE"}`},
			{"clientDisconnected", `{"clientId":"ADA","workerId":"HERE"}`},
		}},
		{"disconnects its client", func(p *pxlCast) { node.Disconnect(wireShardID(t, p.ids["BOB"]), "enough"); p.gone("BOB") }, [][2]string{
			{"clientDisconnected", `{"clientId":"BOB","workerId":"HERE"}`},
		}},
		{"disconnects a client anywhere", func(p *pxlCast) { p.emits(bus.DisconnectClient, `{"clientId":"BOB"}`); p.gone("BOB") }, [][2]string{
			{"disconnectClient", `{"clientId":"BOB","workerId":"HERE"}`},
			{"clientDisconnected", `{"clientId":"BOB","workerId":"HERE"}`},
		}},
		{"disconnects a worker's client", func(p *pxlCast) { p.emits(bus.DisconnectClient, `{"clientId":"theirs"}`) }, [][2]string{
			{"disconnectClient", `{"clientId":"theirs","workerId":"HERE"}`},
		}},
		{"is told to disconnect", func(p *pxlCast) {
			redis.Do("PUBLISH", bus.DisconnectClient, `{"clientId":"`+p.ids["CAT"]+`","workerId":1}`)
			p.gone("CAT")
		}, [][2]string{
			{"disconnectClient", `{"clientId":"CAT","workerId":1}`}, // the worker's own
			{"clientDisconnected", `{"clientId":"CAT","workerId":"HERE"}`},
		}},
		{"sends to all", func(p *pxlCast) {
			_, err := node.Broadcast(core.All(), "chat", "message", nil)
			require.NoError(p.t, err)
			require.NoError(p.t, node.Service().Broadcast(envelope))
			require.NoError(p.t, node.Service().SendUserMessage("typing", []int{1}))
			require.NoError(p.t, node.Service().SendSystemMessage("restart", nil))
			require.NoError(p.t, node.Service().SendErrorMessage("upload", errors.New("full")))
			p.emits(bus.SendMessageToAll, `{"type":"chat","action":"message"}`)
		}, [][2]string{
			{"sendMessageToAll", `{"type":"chat","action":"message","workerId":"HERE"}`},
			{"sendMessageToAll", `{"type":"chat","action":"message","data":{"n":1},"workerId":"HERE"}`},
			{"sendMessageToAll", `{"type":"user","action":"typing","data":[1],"workerId":"HERE"}`},
			{"sendMessageToAll", `{"type":"system","action":"restart","workerId":"HERE"}`},
			{"sendMessageToAll", `{"type":"error","action":"upload","data":{"error":"full"},"workerId":"HERE"}`},
			{"sendMessageToAll", `{"type":"chat","action":"message","workerId":"HERE"}`},
		}},
		{"sends to some", func(p *pxlCast) { // of whom workers have none
			for _, to := range []core.Target{core.Room("general"), core.Users("5"), core.All().Where("user == 5"), core.All().Here()} {
				_, err := node.Broadcast(to, "chat", "message", nil)
				require.NoError(p.t, err)
			}
		}, nil},
		{"answers a bad request", func(p *pxlCast) { p.ada.ask(`{`); p.ada.ask(badRoute) }, nil},
		{"tells of an error", func(p *pxlCast) {
			p.emits(bus.MessageError, `{"clientId":"theirs","error":"No"}`)
			p.emits(bus.MessageError, `{"clientId":"theirs","error":"No","includeSender":true}`)
		}, [][2]string{
			{"messageError", `{"clientId":"theirs","error":"No","workerId":"HERE"}`},
			{"messageError", `{"clientId":"theirs","error":"No","workerId":"HERE"}`},
		}},
		{"sends events", func(p *pxlCast) {
			require.NoError(p.t, node.SendCustomMessage(map[string]string{"action": "changed"}))
			require.NoError(p.t, node.Service().SendCustomMessage(map[string]int{"n": 1}))
			p.emits(bus.Custom, `{"n":2,"workerId":7}`)
			p.emits(bus.SendMessage, `{"any":["thing"]}`)
			p.emits(bus.QueueJobCompleted, `{"webSocketClientId":"ADA","action":"done","data":{"n":1}}`)
			p.emits(bus.QueueJobError, `{"webSocketClientId":"ADA","action":"done","error":"no disk"}`)
		}, [][2]string{
			{"custom", `{"action":"changed","workerId":"HERE"}`},
			{"custom", `{"n":1,"workerId":"HERE"}`},
			{"custom", `{"n":2,"workerId":"HERE"}`},
			{"sendMessage", `{"any":["thing"],"workerId":"HERE"}`},
			{"queueJobCompleted", `{"webSocketClientId":"ADA","action":"done","data":{"n":1},"workerId":"HERE"}`},
			{"queueJobError", `{"webSocketClientId":"ADA","action":"done","error":"no disk","workerId":"HERE"}`},
		}},
	} {
		t.Run(line.says, func(t *testing.T) {
			p := &pxlCast{t: t, node: node, witness: witness, ids: map[string]string{"HERE": node.NodeID()}}
			p.everybodyComes()
			line.do(p)
			p.emits(bus.Custom, `{"end":true}`)
			want := map[string][]string{}
			for _, said := range append(connects, line.want...) {
				want[said[0]] = append(want[said[0]], canonical(t, p.named(said[1])))
			}
			assert.Equal(t, want, workers.hears())
			p.everybodyGoes()
			p.emits(bus.Custom, `{"end":true}`)
			workers.hears()
		})
	}
}

// Two nodes hear each other's events once, and their clients get what they say
// once, whoever is told to include the sender.
func TestPXL_NodesHearEachOtherOnce(t *testing.T) {
	p := startPXL(t, core.Options{Announce: core.AnnounceNone})
	ada, bob := connect(t, p.nodes[0]), connect(t, p.nodes[1])
	id := idOf(ada).String()
	const failure = `{"type":"error","action":"message","data":{"error":"No"}}`
	for _, line := range []struct {
		channel, event string
		onOther        int // times that subscribers of the other node hear it
		ada, bob       string
	}{
		{"clientConnected", `{"clientId":"c"}`, 1, "", ""},
		{"clientDisconnected", `{"clientId":"c"}`, 1, "", ""},
		{"disconnectClient", `{"clientId":"c"}`, 1, "", ""},
		{"clientJoinedRoom", `{"clientId":"c"}`, 1, "", ""},
		{"clientLeftRoom", `{"clientId":"c"}`, 1, "", ""},
		{"sendMessage", `{}`, 1, "", ""},
		{"sendMessageToAll", `{"hello":1}`, 0, `{"hello":1}`, `{"hello":1}`}, // it comes as a message
		{"sendMessageToAll", `{"hello":1,"workerId":7}`, 0, `{"hello":1}`, `{"hello":1}`},
		{"messageError", `{"clientId":"ADA","error":"No"}`, 1, failure, ""},
		{"messageError", `{"clientId":"ADA","error":"No","includeSender":true}`, 1, failure, ""},
		{"messageError", `{"clientId":"ADA","error":"No","workerId":null}`, 1, failure, ""},
		{"queueJobCompleted", `{}`, 1, "", ""},
		{"queueJobError", `{"error":"e"}`, 1, "", ""},
		{"custom", `{"includeSender":true}`, 1, "", ""},
	} {
		for from, node := range p.nodes {
			name := line.channel + " " + line.event
			last := line.channel // on which it is published
			if line.onOther == 0 {
				last = "gannet:all"
			}
			listener := redistest.Listen(t, p.redis, last)
			require.NoError(t, node.Emit(line.channel, rawJSON(strings.ReplaceAll(line.event, "ADA", id))))
			listener.Next()
			heard := p.fence(line.channel)
			assert.Len(t, heard[from], 1, name)
			assert.Len(t, heard[1-from], line.onOther, name)
			assert.Equal(t, []string{line.ada, line.bob}, p.got(ada, bob), name)
		}
	}
}
