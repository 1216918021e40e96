package bench

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"time"
)

// Peers measures other servers beside this program's: fan-out, bursts and idle
// memory, each server in turn, and the floor, round after round. The other servers
// answer the requests that publish.go sends; bench/peers has some. One of them that
// fails, or loses something, is marked, and the others go on.
type Peers struct {
	Setup

	ServerCommand []string `name:"server-command" help:"The command of another server; may be repeated. It is cut at spaces, and gets the flags --addr and --admin-addr, and --loops if that is set." sep:"none" placeholder:"COMMAND"`

	Conns    int           `name:"conns" help:"Sockets." default:"10000" placeholder:"N"`
	Size     int           `name:"size" help:"Size of a message in bytes." default:"128" placeholder:"BYTES"`
	Rate     float64       `name:"rate" help:"Fan-out: messages a second." default:"5" placeholder:"N"`
	Duration time.Duration `name:"duration" help:"Fan-out: how long to publish." default:"5s" placeholder:"TIME"`
	Batch    int           `name:"batch" help:"Bursts: messages of one." default:"20" placeholder:"N"`
	Bursts   int           `name:"bursts" help:"Bursts: their number." default:"20" placeholder:"N"`
	Pause    time.Duration `name:"pause" help:"Bursts: time from one to the next." default:"200ms" placeholder:"TIME"`
	Idle     int           `name:"idle" help:"Idle: sockets, if not as many as otherwise." placeholder:"N"`
	Settle   time.Duration `name:"settle" help:"Idle: how long to wait before memory is read." default:"3s" placeholder:"TIME"`
	Rounds   int           `name:"rounds" help:"Measurements of each server; the table shows medians." default:"3" placeholder:"N"`
}

// measureLimit bounds one measurement of one server.
const measureLimit = 5 * time.Minute

// Run measures, reports to out, and fails when this program or the floor lost a
// message.
func (p *Peers) Run(ctx context.Context, out io.Writer) error {
	if err := p.check(); err != nil {
		return err
	}
	fanout, merged, idle := p.scenarios()
	standings := p.standings()
	for range p.Rounds {
		for _, c := range []comparison{fanout.comparison(), merged.comparison(), idle.comparison()} {
			if err := p.turn(ctx, &c, standings); err != nil {
				return err
			}
		}
	}
	if err := p.writeResult(out, standings); err != nil {
		return err
	}
	return standings.failure()
}

func (p *Peers) check() error {
	if p.HTML != "" {
		return fmt.Errorf("%w: report is for one server: run its scenario with server-command", ErrOption)
	}
	for _, command := range p.ServerCommand {
		if strings.TrimSpace(command) == "" {
			return fmt.Errorf("%w: a server-command is empty", ErrOption)
		}
	}
	fanout, merged, idle := p.scenarios()
	return cmp.Or(fanout.check(), merged.check(), idle.check())
}

// scenarios returns what each server has to do.
func (p *Peers) scenarios() (*Fanout, *Merged, *Idle) {
	target := Target{Setup: p.Setup}
	return &Fanout{Target: target, Conns: p.Conns, Rooms: 1, Size: p.Size, Rate: p.Rate, Duration: p.Duration, Rounds: p.Rounds},
		&Merged{Target: target, Conns: p.Conns, Rooms: 1, Size: p.Size, Batch: p.Batch, Rounds: p.Bursts, Pause: p.Pause, Repeat: p.Rounds},
		&Idle{Target: target, Conns: cmp.Or(p.Idle, p.Conns), Settle: p.Settle, Rounds: p.Rounds}
}

// standings returns a report without rounds.
func (p *Peers) standings() *Standings {
	s := &Standings{
		Scenario: "peers",
		Title: fmt.Sprintf("peers: %d sockets, %d bytes, %g messages a second for %v, %d bursts of %d messages, %d idle sockets",
			p.Conns, p.Size, p.Rate, p.Duration, p.Bursts, p.Batch, cmp.Or(p.Idle, p.Conns)),
		Command: commandLine(), Host: describeHost(), Began: time.Now(),
		Settings: map[string]any{
			"conns": p.Conns, "size": p.Size, "rate": p.Rate, "duration": p.Duration.String(),
			"batch": p.Batch, "bursts": p.Bursts, "pause": p.Pause.String(),
			"idle": cmp.Or(p.Idle, p.Conns), "settle": p.Settle.String(),
			"loops": p.Loops, "serverFlags": p.ServerFlag, "generatorLoops": max(p.GeneratorLoops, 1),
		},
	}
	s.add(Standing{Name: "gannet"})
	for _, command := range p.ServerCommand {
		s.add(Standing{Name: commandName(command), Command: command})
	}
	s.add(Standing{Name: "floor", floor: true})
	return s
}

// turn measures each server once.
func (p *Peers) turn(ctx context.Context, c *comparison, standings *Standings) error {
	for i := range standings.Servers {
		server := &standings.Servers[i]
		round, err := p.measure(ctx, c, server)
		switch {
		case err != nil && (ctx.Err() != nil || server.Command == ""):
			return fmt.Errorf("%s, %s: %w", server.Name, c.scenario, err)
		case err != nil:
			round = Round{Connections: c.conns}
			round.note("there is no figure: %v", err)
		}
		server.Rounds[c.scenario] = append(server.Rounds[c.scenario], round)
	}
	return nil
}

// measure starts a server, or the floor, and measures it once.
func (p *Peers) measure(ctx context.Context, c *comparison, server *Standing) (Round, error) {
	ctx, cancel := context.WithTimeout(ctx, measureLimit)
	defer cancel()
	started, err := p.open(ctx, server, c.conns)
	if err != nil {
		return Round{}, err
	}
	return measureAndClose(ctx, c, started)
}

// open starts a server for so many sockets, or the floor. The caller closes it.
func (p *Peers) open(ctx context.Context, server *Standing, conns int) (*subject, error) {
	if server.floor {
		return p.spawnFloor(ctx, server.Name, "ws://localhost/ws", conns)
	}
	return p.spawnServer(ctx, server.Name, "ws://localhost/ws", server.Command, conns)
}
