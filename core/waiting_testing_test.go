package core_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gannet-ws/gannet/core"
)

// What the tests of work off the event loops share: handlers that are held until
// the test lets them go, and what comes from other goroutines.

// next returns what comes within a generous time.
func next[T any](t testing.TB, from <-chan T) (value T) {
	t.Helper()
	select {
	case value = <-from:
	case <-time.After(patience):
		t.Fatal("nothing came")
	}
	return value
}

// gate holds handlers until the test lets them pass.
type gate struct {
	entered chan string   // the data of each request, when its handler has begun
	passes  chan struct{} // one for each handler that may go on
}

func newGate() *gate {
	return &gate{entered: make(chan string, 1000), passes: make(chan struct{}, 1000)}
}

// wait is called by a handler.
func (g *gate) wait(c *core.Context) {
	g.entered <- string(c.Data())
	<-g.passes
}

// pass lets the next n handlers go on.
func (g *gate) pass(n int) {
	for range n {
		g.passes <- struct{}{}
	}
}

// route makes test.held a blocking route, whose handler does the rest when it is
// let go.
func (g *gate) route(then core.Handler) func(*core.Server) {
	return func(s *core.Server) {
		s.Handle("test", "held", func(c *core.Context) (any, error) {
			g.wait(c)
			return then(c)
		}, core.Blocking())
	}
}

// heldRequest asks for test.held, with n as data and id.
func heldRequest(n int) string {
	return fmt.Sprintf(`{"type":"test","action":"held","data":%d,"id":%d}`, n, n)
}

// heldReply is what the handler echo makes of it.
func heldReply(n int) string {
	return fmt.Sprintf(`{"type":"test","action":"held","response":"%d","id":%d}`, n, n)
}

// echo answers with the request's data as text.
func echo(c *core.Context) (any, error) { return string(c.Data()), nil }

const (
	askPing = `{"type":"system","action":"ping"}`
	busy    = `{"type":"error","action":"message","data":{"error":"Server is busy, try again","code":"BUSY"}`
)

// noise is a message that overwrites what was in the socket's buffer before, and
// is answered UNKNOWN_ROUTE.
var noise = `{"type":"noise","action":"` + strings.Repeat("x", 4000) + `"}`

// held sends a request for test.held and waits until its handler has begun.
func (g *gate) held(c *client, n int) {
	c.t.Helper()
	c.send(heldRequest(n))
	next(c.t, g.entered)
}
