package core_test

import (
	"context"
	"log"

	"github.com/gannet-ws/gannet/core"
)

// A chat in rooms. The README has it, too.
func Example() {
	type Message struct{ Room, Text string }
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // for as long as an example runs

	server, err := core.New(core.Options{Addr: "127.0.0.1:0"})
	if err != nil {
		log.Fatal(err)
	}
	server.Handle("chat", "send", core.Typed(func(c *core.Context, m Message) (any, error) {
		if !c.IsMember(m.Room) {
			return nil, &core.Error{Text: "Join the room first", Code: "NOT_A_MEMBER"}
		}
		n, err := c.Broadcast(core.Room(m.Room).Except(c.ClientID()), "chat", "message", m)
		return map[string]int{"receivers": n}, err
	}))
	if err := server.Run(ctx); err != nil { // until ctx ends, then drains
		log.Fatal(err)
	}
	// Output:
}
