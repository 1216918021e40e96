package core_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/bus/redis"
	"github.com/gannet-ws/gannet/bus/redistest"
	"github.com/gannet-ws/gannet/core"
)

// What passes between nodes and PXL's workers on one Redis, line by line: here
// what workers publish, in pxl_published_test.go what nodes do. In payloads ADA
// and BOB are the ids of clients, HERE is that of ada's node.

// pxlMaxPayload is the size of the largest message, in bytes.
const pxlMaxPayload = 64 << 10

// pxlTier is two nodes on a Redis, whose subscribers hear everything.
type pxlTier struct {
	t     testing.TB
	redis *redistest.Server
	nodes [2]*core.Server
	heard [2]heard
}

func startPXL(t testing.TB, options core.Options) *pxlTier {
	t.Helper()
	p := &pxlTier{t: t, redis: redistest.Start(t)}
	for i := range p.nodes {
		p.heard[i] = newHeard()
		options.Loops, options.Bus = 1, pxlBus(t, p.redis)
		p.nodes[i] = start(t, options, tellID, p.heard[i].on("*"))
	}
	return p
}

// pxlBus returns a bus that takes no busy machine for a lost connection.
func pxlBus(t testing.TB, server *redistest.Server) *redis.Bus {
	t.Helper()
	b, err := redis.New(redis.Options{
		URL:            []string{server.URL()},
		PublishTimeout: patience,
		ProbeInterval:  patience,
		MaxPayload:     pxlMaxPayload,
		Log:            slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	return b
}

const (
	pxlFence     = `{"type":"fence","action":"channel"}`
	pxlLastFence = `{"type":"fence","action":"all"}`
)

// publish is what a worker does. It returns what the nodes' subscribers heard
// of it.
func (p *pxlTier) publish(channel, payload string) (heard [2][]*bus.Event) {
	p.t.Helper()
	p.redis.Do("PUBLISH", channel, payload)
	return p.fence(channel)
}

// fence returns what subscribers have heard, when all that was published on the
// channel before has been acted on.
func (p *pxlTier) fence(channel string) (heard [2][]*bus.Event) {
	p.t.Helper()
	p.redis.Do("PUBLISH", channel, pxlFence)
	for i := range p.nodes {
		for e := next(p.t, p.heard[i]); e.Text() != pxlFence; e = next(p.t, p.heard[i]) {
			heard[i] = append(heard[i], e)
		}
	}
	return heard
}

// got returns the frames that clients have got by now, and how their connections
// ended if they did, in one text each.
func (p *pxlTier) got(clients ...*client) (got []string) {
	p.t.Helper()
	p.redis.Do("PUBLISH", "gannet:all", pxlLastFence)
	p.redis.Do("PUBLISH", bus.SendMessageToAll, pxlLastFence)
	for i := range p.nodes {
		require.Equal(p.t, pxlLastFence, next(p.t, p.heard[i]).Text())
	}
	for _, c := range clients {
		got = append(got, strings.Join(c.untilFence(), " "))
	}
	return got
}

// untilFence returns the messages before the last fence on each way to all
// clients, or before the end.
func (c *client) untilFence() (got []string) {
	for ways := 2; ways > 0; {
		select {
		case m := <-c.messages:
			switch m.text {
			case pxlLastFence:
				ways--
			case pxlFence:
			default:
				got = append(got, m.text)
			}
		case end := <-c.closed:
			if len(c.messages) > 0 {
				c.closed <- end // behind what came before it
				continue
			}
			return append(got, fmt.Sprint(end.code, " ", end.reason))
		case <-time.After(patience):
			c.t.Fatal("no fence came")
		}
	}
	return got
}

func pxlTexts(events []*bus.Event) (texts []string) {
	for _, e := range events {
		texts = append(texts, e.Channel+" "+e.Text())
	}
	return texts
}

// pxlHeard says whose subscribers hear an event.
type pxlHeard string

const (
	onBoth   pxlHeard = "both"
	onOther  pxlHeard = "the other node" // and not on ada's
	onNobody pxlHeard = "nobody"
)

// What a node does with what workers publish. ada is a client of one node, bob one
// of the other. Subscribers get the payload as it was, whatever is in it.
func TestPXL_WorkersPublish(t *testing.T) {
	const (
		worker  = "0b1c8b4e-6f0e-4d0c-9a36-6c1d2f8a7e55" // the id of a worker's client
		said    = `{"type":"chat","action":"message","data":{"n":1.50,"t":"<é>"}}`
		failure = `{"type":"error","action":"message","data":{"error":"No \"x\""}}`
		closed  = "1008 disconnected"
	)
	p := startPXL(t, core.Options{Announce: core.AnnounceNone})
	for _, line := range []struct {
		says, channel, payload string
		heard                  pxlHeard
		ada, bob               string // what they get
		bad                    int    // counted on each node
	}{
		{"an anonymous client", "clientConnected", `{"clientId":"` + worker + `","lastActivity":1718000000000,"workerId":1,"user":null}`, onBoth, "", "", 0},
		{"a user; one worker has no number", "clientConnected", `{"clientId":"` + worker + `","lastActivity":1718000000000,"workerId":null,"user":{"userId":5,"payload":{"sub":5,"plan":"<é>"}}}`, onBoth, "", "", 0},
		{"its own", "clientConnected", `{"clientId":"ADA","lastActivity":1718000000000,"user":null,"workerId":"HERE"}`, onOther, "", "", 0},

		{"a client has gone", "clientDisconnected", `{"clientId":"` + worker + `","workerId":2}`, onBoth, "", "", 0},
		{"its own", "clientDisconnected", `{"clientId":"ADA","workerId":"HERE"}`, onOther, "", "", 0},

		{"a client here", "disconnectClient", `{"clientId":"ADA"}`, onBoth, closed, "", 0},
		{"a client of the other", "disconnectClient", `{"clientId":"BOB","workerId":2}`, onBoth, "", closed, 0},
		{"nobody's number", "disconnectClient", `{"clientId":"BOB","workerId":null}`, onBoth, "", closed, 0},
		{"a worker's client", "disconnectClient", `{"clientId":"` + worker + `","workerId":1}`, onBoth, "", "", 0},
		{"its own", "disconnectClient", `{"clientId":"ADA","workerId":"HERE"}`, onOther, "", "", 0},
		{"no id at all", "disconnectClient", `{}`, onBoth, "", "", 0},
		{"no text", "disconnectClient", `{"clientId":5}`, onBoth, "", "", 1},

		{"a join", "clientJoinedRoom", `{"clientId":"` + worker + `","user":null,"roomName":"general","workerId":1}`, onBoth, "", "", 0},
		{"a user's", "clientJoinedRoom", `{"clientId":"` + worker + `","user":{"userId":5,"payload":{"sub":5}},"roomName":"general","workerId":1}`, onBoth, "", "", 0},
		{"its own", "clientJoinedRoom", `{"clientId":"ADA","user":null,"roomName":"general","workerId":"HERE"}`, onOther, "", "", 0},

		{"room", "clientLeftRoom", `{"clientId":"` + worker + `","room":"general","workerId":1}`, onBoth, "", "", 0},
		{"roomName", "clientLeftRoom", `{"clientId":"` + worker + `","roomName":"general","workerId":1}`, onBoth, "", "", 0},
		{"its own", "clientLeftRoom", `{"clientId":"ADA","room":"general","workerId":"HERE"}`, onOther, "", "", 0},

		{"anything", "sendMessage", ` {"any" : ["thing",1.50,"é\u00e9"],"workerId":1}`, onBoth, "", "", 0},
		{"its own", "sendMessage", `{"clientId":"ADA","workerId":"HERE"}`, onOther, "", "", 0},

		{"the number behind", "sendMessageToAll", `{"type":"chat","action":"message","data":{"n":1.50,"t":"<é>"},"workerId":1}`, onBoth, said, said, 0},
		{"in front, with includeSender", "sendMessageToAll", `{"workerId":1,"includeSender":true,"type":"chat","action":"message","data":{"n":1.50,"t":"<é>"}}`, onBoth, said, said, 0},
		{"null", "sendMessageToAll", `{"type":"chat","action":"message","workerId":null,"data":{"n":1.50,"t":"<é>"}}`, onBoth, said, said, 0},
		{"none", "sendMessageToAll", said, onBoth, said, said, 0},
		{"no envelope, and data of that name", "sendMessageToAll", `{"data":{"workerId":1,"includeSender":0},"workerId":1}`, onBoth, `{"data":{"workerId":1,"includeSender":0}}`, `{"data":{"workerId":1,"includeSender":0}}`, 0},
		{"a node's, which others have from it directly", "sendMessageToAll", `{"type":"chat","action":"message","workerId":"HERE"}`, onNobody, "", "", 0},

		{"a client here", "messageError", `{"clientId":"ADA","error":"No \"x\"","workerId":1}`, onBoth, failure, "", 0},
		{"a client of the other", "messageError", `{"clientId":"BOB","error":"No \"x\"","includeSender":false}`, onBoth, "", failure, 0},
		{"a worker's client", "messageError", `{"clientId":"` + worker + `","error":"No \"x\"","workerId":1}`, onBoth, "", "", 0},
		{"its own", "messageError", `{"clientId":"ADA","error":"No \"x\"","workerId":"HERE"}`, onOther, "", "", 0},
		{"its own, not quite including it", "messageError", `{"clientId":"ADA","error":"No \"x\"","includeSender":"true","workerId":"HERE"}`, onOther, "", "", 0},
		{"its own, including it", "messageError", `{"clientId":"ADA","error":"No \"x\"","includeSender":true,"workerId":"HERE"}`, onBoth, failure, "", 0},
		{"no text", "messageError", `{"clientId":"ADA","error":{"message":"x"}}`, onBoth, "", "", 1},

		{"a job's return value", "queueJobCompleted", `{"webSocketClientId":"ADA","action":"done","data":{"rows":[1,2.50]},"workerId":1}`, onBoth, "", "", 0},
		{"its own", "queueJobCompleted", `{"action":"done","workerId":"HERE"}`, onOther, "", "", 0},

		{"an application's", "queueJobError", `{"webSocketClientId":"ADA","action":"done","data":{"rows":1},"error":"no disk"}`, onBoth, "", "", 0},
		{"its own", "queueJobError", `{"action":"done","error":"no disk","workerId":"HERE"}`, onOther, "", "", 0},

		{"anything", "custom", `{"action":"userStatusChanged","workerId":1}`, onBoth, "", "", 0},
		{"null", "custom", `{"action":"userStatusChanged","workerId":null}`, onBoth, "", "", 0},
		{"none", "custom", `{}`, onBoth, "", "", 0},
		{"its own", "custom", `{"action":"userStatusChanged","workerId":"HERE"}`, onOther, "", "", 0},
	} {
		t.Run(line.channel+", "+line.says, func(t *testing.T) {
			p := *p
			p.t = t
			ada, bob := connect(t, p.nodes[0]), connect(t, p.nodes[1])
			ids := strings.NewReplacer("ADA", idOf(ada).String(), "BOB", idOf(bob).String(), "HERE", p.nodes[0].NodeID())
			payload := ids.Replace(line.payload)
			before := p.bad()
			heard := p.publish(line.channel, payload)
			want := []string{line.channel + " " + payload}
			if line.heard == onBoth {
				assert.Equal(t, want, pxlTexts(heard[0]), "on ada's node")
			} else {
				assert.Empty(t, heard[0], "on ada's node")
			}
			if line.heard == onNobody {
				assert.Empty(t, heard[1], "on bob's node")
			} else {
				assert.Equal(t, want, pxlTexts(heard[1]), "on bob's node")
			}
			assert.Equal(t, []string{line.ada, line.bob}, p.got(ada, bob))
			assert.Equal(t, [2]uint64{before[0] + uint64(line.bad), before[1] + uint64(line.bad)}, p.bad())
		})
	}
}

// bad is what the nodes could not use.
func (p *pxlTier) bad() (counts [2]uint64) {
	for i, node := range p.nodes {
		counts[i] = node.Stats().BusBad
	}
	return counts
}

// Handlers see a job's error in its data, too.
func TestPXL_QueueErrorsAreData(t *testing.T) {
	p := startPXL(t, core.Options{})
	for _, e := range p.publish(bus.QueueJobError, `{"action":"done","data":{"rows":1},"error":"no disk"}`) {
		require.Len(t, e, 1)
		failure, _ := e[0].Value("data.error")
		assert.Equal(t, "no disk", failure)
	}
}

// What is no JSON object is dropped and counted, on each channel, and the next
// message is handled.
func TestPXL_BadInput(t *testing.T) {
	bad := map[string]string{
		"nothing": "", "space": " ", "null": "null", "array": "[]", "array of objects": `[{"clientId":"ADA"}]`,
		"number": "5", "string": `"{}"`, "true": "true", "text": "hello", "one brace": "{", "cut off": `{"clientId":"ADA"`,
		"something behind": `{"clientId":"ADA"}}`, "invalid UTF-8": `{"clientId":"ADA","error":"` + "\xff" + `"}`,
		"bad escape": `{"a":"\q","clientId":"ADA"}`, "control character": "{\"a\":\"\n\",\"clientId\":\"ADA\"}", "a node's version": "\x01",
		"too deep": `{"clientId":"ADA","a":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`,
		"huge":     `{"clientId":"ADA","a":"` + strings.Repeat("x", pxlMaxPayload) + `"}`,
	}
	p := startPXL(t, core.Options{Announce: core.AnnounceNone})
	ada, bob := connect(t, p.nodes[0]), connect(t, p.nodes[1])
	id := idOf(ada).String()
	for _, channel := range bus.PXLChannels() {
		for name, payload := range bad {
			before := p.bad()
			heard := p.publish(channel, strings.ReplaceAll(payload, "ADA", id))
			require.Empty(t, append(heard[0], heard[1]...), channel+", "+name)
			require.Equal(t, [2]uint64{before[0] + 1, before[1] + 1}, p.bad(), channel+", "+name)
		}
	}
	assert.Equal(t, []string{"", ""}, p.got(ada, bob))
}

// A node without subscribers listens only where it acts itself.
func TestPXL_NobodyParsesWhatNobodyReads(t *testing.T) {
	server := redistest.Start(t)
	start(t, core.Options{Loops: 1, Bus: pxlBus(t, server)})
	for _, channel := range bus.PXLChannels() {
		want := "0"
		switch channel {
		case bus.SendMessageToAll, bus.MessageError, bus.DisconnectClient:
			want = "1"
		}
		assert.Equal(t, want, server.Do("PUBLISH", channel, `{}`), channel)
	}
}
