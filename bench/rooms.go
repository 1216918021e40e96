package bench

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Rooms has the members of many small rooms talk: each message goes to all in its
// sender's room. The server needs --client-publish.
type Rooms struct {
	Target

	Conns    int           `name:"conns" help:"Sockets." default:"10000" placeholder:"N"`
	Rooms    int           `name:"rooms" help:"Rooms among which the sockets are dealt." default:"1000" placeholder:"N"`
	Size     int           `name:"size" help:"Size of a request in bytes." default:"192" placeholder:"BYTES"`
	Every    time.Duration `name:"every" help:"Time between two messages of a socket." default:"10s" placeholder:"TIME"`
	Duration time.Duration `name:"duration" help:"How long to talk." default:"10s" placeholder:"TIME"`
	Rounds   int           `name:"rounds" help:"Measurements of the server and of the floor, in turn; the table shows medians." default:"1" placeholder:"N"`
}

// Run measures, reports to out, and fails when a message was lost.
func (r *Rooms) Run(ctx context.Context, out io.Writer) error {
	if r.Every <= 0 || r.Rooms <= 0 || r.Rooms > r.Conns {
		return fmt.Errorf("%w: every and rooms must be positive, and no more rooms than sockets", ErrOption)
	}
	longest := len(relayHead) + len(roomName(r.Rooms-1, r.Rooms)) + len(relayData) + len(relayTail)
	rate := float64(r.Conns) / r.Every.Seconds()
	if err := checkTalk(r.Conns, r.Size-longest, r.Rounds, rate, r.Duration); err != nil {
		return err
	}
	c := conversation{duration: r.Duration, plan: plan{
		Conns: r.Conns, Rooms: r.Rooms,
		Requests: &requests{
			Head: relayHead + roomMark + relayData, Tail: relayTail,
			Size: r.Size, Rate: rate, Relayed: true,
		},
	}}
	r.ServerFlag = append([]string{"--client-publish"}, r.ServerFlag...)
	return r.compare(ctx, out, comparison{
		scenario: "rooms",
		title: fmt.Sprintf("rooms: %d sockets in %d rooms, %d bytes, each sends every %v, for %v",
			r.Conns, r.Rooms, r.Size, r.Every, r.Duration),
		settings: map[string]any{
			"conns": r.Conns, "rooms": r.Rooms, "size": r.Size, "every": r.Every.String(), "duration": r.Duration.String(),
		},
		rounds: r.Rounds, conns: r.Conns, measure: c.measure,
	})
}

// The request to send to a room's members.
const (
	relayHead = `{"type":"room","action":"publish","data":{"roomName":"`
	relayData = `","data":`
	relayTail = `}}`
)
