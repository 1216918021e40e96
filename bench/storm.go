package bench

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"time"
)

// steadyRate is how many requests a second each steady socket sends.
const steadyRate = 20

// Storm breaks all connections at once, as a restarted proxy does, and has them
// come back as fast as they can, each to its room. Meanwhile a few others, the
// steady ones, send requests and wait for the answers as if nothing had happened.
// Afterwards each room gets a message, so that nobody can have missed its join.
type Storm struct {
	Target

	Conns    int           `name:"conns" help:"Sockets that break and come back." default:"10000" placeholder:"N"`
	Rooms    int           `name:"rooms" help:"Rooms among which they are dealt." default:"100" placeholder:"N"`
	Steady   int           `name:"steady" help:"Sockets beside them that stay and send 20 requests a second each." default:"50" placeholder:"N"`
	InFlight int           `name:"in-flight" help:"Sockets on their way back at a time. More than the server's accept queue holds have to wait for the kernel to try again, seconds later." default:"2000" placeholder:"N"`
	Token    string        `name:"token" help:"Token with which all sockets connect, as ?token=…" placeholder:"TOKEN"`
	Type     string        `name:"type" help:"Type of the steady sockets' requests." default:"demo" placeholder:"TYPE"`
	Action   string        `name:"action" help:"Action of these requests." default:"echo" placeholder:"ACTION"`
	Calm     time.Duration `name:"calm" help:"How long to wait before the storm." default:"1s" placeholder:"TIME"`
	Rounds   int           `name:"rounds" help:"Measurements of the server and of the floor, in turn; the table shows medians." default:"1" placeholder:"N"`
}

// stormMessage is the size in bytes of what each room gets after the storm, and of
// a steady socket's request.
const stormMessage = 128

// Run measures, reports to out, and fails when a socket did not come back or
// something was lost.
func (s *Storm) Run(ctx context.Context, out io.Writer) error {
	if err := s.check(); err != nil {
		return err
	}
	target, err := withToken(s.URL, s.Token)
	if err != nil {
		return err
	}
	s.URL = target
	s.ServerFlag = append([]string{"--demo"}, s.ServerFlag...)
	return s.compare(ctx, out, comparison{
		scenario: "storm",
		title:    fmt.Sprintf("storm: %d sockets in %d rooms come back, %d at a time; %d steady ones", s.Conns, s.Rooms, s.InFlight, s.Steady),
		settings: map[string]any{
			"conns": s.Conns, "rooms": s.Rooms, "steady": s.Steady, "inFlight": s.InFlight,
			"token": s.Token != "", "calm": s.Calm.String(),
		},
		rounds: s.Rounds, conns: s.Conns + s.Steady, crowded: true, measure: s.measure,
	})
}

func (s *Storm) check() error {
	if s.Steady <= 0 || s.InFlight <= 0 || s.Calm < 0 {
		return fmt.Errorf("%w: steady and in-flight must be positive, calm not negative", ErrOption)
	}
	if size := stormMessage - len(s.head()) - len(stormTail); size < requestFixed {
		return fmt.Errorf("%w: type and action are too long", ErrOption)
	}
	return checkLoad(s.Conns, s.Rooms, stormMessage, s.Rounds)
}

const stormTail = `}`

func (s *Storm) head() string {
	return fmt.Sprintf(`{"type":%q,"action":%q,"data":`, s.Type, s.Action)
}

// withToken adds a token to a URL's query, if there is one.
func withToken(rawURL, token string) (string, error) {
	if token == "" {
		return rawURL, nil
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		return "", fmt.Errorf("bench: reading the URL: %w", err)
	}
	query := u.Query()
	query.Set("token", token)
	u.RawQuery = query.Encode()
	return u.String(), nil
}

// measure is one storm.
func (s *Storm) measure(ctx context.Context, of *subject) (Round, error) {
	round := Round{Connections: s.Conns + s.Steady}
	began := time.Now()
	steady, err := of.quietly(plan{
		Conns:    s.Steady,
		Requests: &requests{Head: s.head(), Tail: stormTail, Size: stormMessage, Rate: float64(steadyRate * s.Steady)},
	})
	if err != nil {
		return round, err
	}
	defer func() { _, _ = steady.close() }()
	crowd, err := of.generate(plan{Conns: s.Conns, Rooms: s.Rooms, Size: stormMessage, WarmUp: 1, Returns: s.InFlight})
	if err != nil {
		return round, err
	}
	defer func() { _, _ = crowd.close() }()
	for _, g := range []*generator{steady, crowd} {
		if err := g.connect(ctx); err != nil {
			return round, err
		}
	}
	round.ConnectionsPerSecond = float64(round.Connections) / time.Since(began).Seconds()
	if err := pause(ctx, s.Calm); err != nil {
		return round, err
	}
	if err := s.storm(ctx, of, steady, crowd, &round); err != nil {
		return round, err
	}
	expected, err := s.roll(ctx, of, crowd)
	if err != nil {
		return round, err
	}
	return round, round.weathered(steady, crowd, expected)
}

// storm breaks the crowd's connections, and measures until all are back.
func (s *Storm) storm(ctx context.Context, of *subject, steady, crowd *generator, round *Round) error {
	steady.talk(true)
	from, err := takeMark(of, crowd)
	if err != nil {
		return err
	}
	crowd.sever()
	if err := crowd.connect(ctx); err != nil {
		return err
	}
	to, err := takeMark(of, crowd)
	if err != nil {
		return err
	}
	steady.talk(false)
	round.load(from, to, crowd.loops+steady.loops)
	round.ReturnSeconds = round.Seconds
	round.ReturnsPerSecond = float64(s.Conns) / round.Seconds
	round.CPUPerReturn = micros(to.server.since(from.server).Total) / float64(s.Conns)
	return steady.quiet(ctx)
}

// roll publishes a message to each room, and returns the deliveries that should
// have followed by now.
func (s *Storm) roll(ctx context.Context, of *subject, crowd *generator) (expected uint64, err error) {
	const batch = 200
	source := newPublisher(of.admin, s.Conns, s.Rooms, stormMessage)
	for i := 0; i < s.Rooms; i += batch {
		if err := source.spread(ctx, i, min(batch, s.Rooms-i)); err != nil {
			return 0, err
		}
	}
	if err := crowd.await(ctx, source.expected); err != nil {
		return 0, err
	}
	return source.expected, pause(ctx, strayTime)
}

// weathered ends both generators and fills in what became of their sockets: what
// the crowd was published, and what the steady ones sent, whose latency counts.
func (r *Round) weathered(steady, crowd *generator, published uint64) error {
	r.Repeated = uint64(crowd.state().Repeated)
	_, answers := steady.sent()
	alive := steady.alive() + crowd.alive()
	sum, err := steady.close()
	if err != nil {
		return err
	}
	setback, trouble := crowd.setback(), steady.trouble()
	if err := r.conclude(crowd, published); err != nil {
		return err
	}
	r.Alive = alive
	back, _ := crowd.close()
	sum.merge(back)
	r.count(sum, published+answers)
	if trouble != nil {
		r.note("a steady socket was lost: %v", trouble)
	}
	if setback != nil {
		r.note("%d handshakes failed and were begun again, the first of them: %v", r.Repeated, setback)
	}
	return nil
}
