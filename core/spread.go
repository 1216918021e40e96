package core

import (
	"math/rand/v2"
	"time"

	"github.com/gannet-ws/gannet/shard"
)

// A drain closes clients one after another, so that they do not come back all at
// once. The moment of each is random, evenly over DrainPeriod: who came together, from
// one office or when another node ended, does not go together. No client holds its
// moment: a loop's slots have turns, in an order that is drawn for each drain.

const (
	// usualDrainPeriod is DrainPeriod where nobody says another and there is time.
	usualDrainPeriod = 5 * time.Second
	// closeStep is the time between two looks at whose turn has come.
	closeStep = 20 * time.Millisecond
)

// closeInTurn begins to close clients, each at its moment of DrainPeriod. It returns
// when the last turn has come, or when nobody is left.
func (s *Server) closeInTurn() {
	seed := rand.Uint32()
	step := time.NewTicker(closeStep)
	defer step.Stop()
	began, done := time.Now(), 0.0
	for s.options.DrainPeriod > 0 && done < 1 && s.directory.Clients() > 0 {
		<-step.C
		due := min(1, time.Since(began).Seconds()/s.options.DrainPeriod.Seconds())
		s.closeShare(seed, done, due)
		done = due
	}
}

// closeShare begins to close the clients whose turns are between two shares, 0 to 1,
// of those of their loop.
func (s *Server) closeShare(seed uint32, from, to float64) {
	for l := range s.running {
		l.post(shard.Op{Call: func(sh *shard.Shard) {
			t := turnsOf(sh.Slots(), seed+uint32(sh.Index())) // another one for each loop
			l.closeTurns(t, int(from*float64(t.len())), int(to*float64(t.len())))
		}})
	}
}

// closeTurns begins to close the clients whose turns are from (included) to to
// (excluded), a few at a time.
func (l *loop) closeTurns(t turns, from, to int) {
	const chunk = 256
	end := min(from+chunk, to)
	for turn := from; turn < end; turn++ {
		slot := t.slot(turn)
		l.closeDraining(slot, slot+1)
	}
	if end < to {
		l.post(shard.Op{Call: func(*shard.Shard) { l.closeTurns(t, end, to) }})
	}
}
