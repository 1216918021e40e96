package bench

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Echo has each socket send a request and, when it is answered, the next one.
// Gannet's is a JSON route that answers with the request's data; the floor sends
// each frame back.
type Echo struct {
	Target

	Conns    int           `name:"conns" help:"Sockets." default:"1000" placeholder:"N"`
	Size     int           `name:"size" help:"Size of a request in bytes." default:"128" placeholder:"BYTES"`
	Rate     float64       `name:"rate" help:"Requests a second of all sockets together, sent on time whether answers come or not. 0: each socket sends when it is answered, and the latency is corrected for what it could not send meanwhile." placeholder:"N"`
	Type     string        `name:"type" help:"Type of the requests. The route demo.echo is there with gannet serve --demo." default:"demo" placeholder:"TYPE"`
	Action   string        `name:"action" help:"Action of the requests." default:"echo" placeholder:"ACTION"`
	Duration time.Duration `name:"duration" help:"How long to send." default:"10s" placeholder:"TIME"`
	Rounds   int           `name:"rounds" help:"Measurements of the server and of the floor, in turn; the table shows medians." default:"1" placeholder:"N"`
}

// Run measures, reports to out, and fails when a request was not answered.
func (e *Echo) Run(ctx context.Context, out io.Writer) error {
	head, tail := fmt.Sprintf(`{"type":%q,"action":%q,"data":`, e.Type, e.Action), `}`
	if err := checkTalk(e.Conns, e.Size-len(head)-len(tail), e.Rounds, e.Rate, e.Duration); err != nil {
		return err
	}
	pace := "as fast as answers come"
	if e.Rate > 0 {
		pace = fmt.Sprintf("%g requests a second", e.Rate)
	}
	c := conversation{duration: e.Duration, plan: plan{
		Conns: e.Conns, WarmUp: 1,
		Requests: &requests{Head: head, Tail: tail, Size: e.Size, Rate: e.Rate},
	}}
	e.ServerFlag = append([]string{"--demo"}, e.ServerFlag...)
	return e.compare(ctx, out, comparison{
		scenario: "echo",
		title:    fmt.Sprintf("echo: %d sockets, %d bytes, %s for %v", e.Conns, e.Size, pace, e.Duration),
		settings: map[string]any{"conns": e.Conns, "size": e.Size, "rate": e.Rate, "duration": e.Duration.String()},
		rounds:   e.Rounds, conns: e.Conns, measure: c.measure,
	})
}

// checkTalk checks what the scenarios in which sockets send have in common. size
// is what their envelope leaves.
func checkTalk(conns, size, rounds int, rate float64, duration time.Duration) error {
	switch {
	case conns <= 0 || rounds <= 0 || rate < 0 || duration <= 0:
		return fmt.Errorf("%w: conns, rounds and duration must be positive, rate not negative", ErrOption)
	case size < requestFixed || size > maxFrame/2:
		return fmt.Errorf("%w: size must leave %d to %d bytes in its envelope", ErrOption, requestFixed, maxFrame/2)
	}
	return nil
}
