package admin

import (
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
)

// held is the request that holds a loop up, and its reply.
const held = `{"type":"test","action":"hold"}`

// stuck makes a node whose only loop is held up until release is called, and a
// client of it. One message fits into the loop's inbox.
func stuck(t *testing.T) (n *node, c *client, release func()) {
	entered, leave := make(chan struct{}), make(chan struct{})
	n = start(t, settings{
		server: core.Options{Loops: 1, MaxInbox: 1},
		prepare: func(s *core.Server) {
			s.Handle("test", "hold", func(*core.Context) (any, error) {
				close(entered)
				<-leave
				return nil, nil
			})
		},
	})
	released := false
	release = func() {
		if !released {
			released = true
			close(leave)
		}
	}
	t.Cleanup(release)
	c = n.connect(`{"sub":5}`)
	c.join("general")
	c.send(held)
	<-entered
	return n, c, release
}

func TestAPI_Overloaded(t *testing.T) {
	n, c, release := stuck(t)
	n.post("/api/broadcast", numbered(1)).reaches(1)
	for _, path := range publishPaths {
		refused := n.post(path, numbered(0))
		refused.fails(http.StatusServiceUnavailable, "OVERLOADED")
		require.Equal(t, "1", refused.header.Get("Retry-After"))
	}
	n.post("/api/rooms/unknown/broadcast", hello).reaches(0)
	release()
	c.receives(held, numbered(1))
	n.post("/api/broadcast", numbered(2)).reaches(1)
	c.receives(numbered(2))
	n.metricsAre(map[string]float64{"gannet_publish_overloaded_total": 3})
}

// The first line that is refused ends the batch: what follows must not overtake
// it.
func TestBatch_Overloaded(t *testing.T) {
	n, c, release := stuck(t)
	n.exchange(
		line{`{"room":"general","message":` + numbered(1) + `}`, 1, ""},
		line{`{"rom":"general","message":` + numbered(0) + `}`, 0, "BAD_LINE"},
		line{`{"room":"general","message":` + numbered(2) + `}`, 0, "OVERLOADED"},
		line{`{"message":5}`, 0, "BAD_MESSAGE"},
		line{`{"room":"unknown","message":` + numbered(3) + `}`, 0, "OVERLOADED"},
		line{`{"message":` + numbered(4) + `}`, 0, "OVERLOADED"},
	)
	release()
	c.receives(held, numbered(1))
	n.metricsAre(map[string]float64{"gannet_publish_overloaded_total": 1, "gannet_published_total": 1})
}

// away is a bus whose other nodes cannot be reached.
type away struct{ bus.Local }

func (away) Publish(bus.Message) error { return errors.New("secret address: connection refused") }

// Local clients get the message, so a publisher must not be told to try again.
func TestAPI_BusFails(t *testing.T) {
	n := start(t, settings{server: core.Options{Bus: away{}}})
	c := n.connect()
	n.post("/api/broadcast", hello).reaches(1)
	n.exchange(line{`{"message":` + numbered(1) + `}`, 1, ""})
	c.receives(hello, numbered(1))
	n.metricsAre(map[string]float64{"gannet_bus_refused_total": 2, "gannet_published_total": 2})
}
