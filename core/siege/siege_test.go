package siege_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gannet-ws/gannet/core"
)

// scale is how much of a siege there is time for.
type scale struct {
	witnesses int
	attackers int           // connections at once; an attack may have a part of them
	calm      time.Duration // of listening before the attack
	attack    time.Duration
}

var (
	short = scale{witnesses: 100, attackers: 200, calm: 200 * time.Millisecond, attack: time.Second}
	full  = scale{witnesses: 1000, attackers: 2000, calm: 5 * time.Second, attack: 20 * time.Second}
)

// fullScale is set by make siege.
var fullScale = os.Getenv("GANNET_SIEGE") == "full"

func theScale() scale {
	if fullScale {
		return full
	}
	return short
}

// patience bounds every wait of the tests; only a failing test uses it up.
const patience = 30 * time.Second

func TestMain(m *testing.M) {
	if name := os.Getenv(attackVariable); name != "" {
		attackAs(name)
		return
	}
	goleak.VerifyTestMain(m)
}

func TestSiege(t *testing.T) {
	program := build(t)
	var report table
	for i := range attacks {
		a := &attacks[i]
		t.Run(a.name, func(t *testing.T) { report = append(report, lay(t, program, a)) })
	}
	report.print(t)
}

// lay attacks a server of its own and returns how everybody fared.
func lay(t *testing.T, program string, a *attack) row {
	size := theScale()
	s := startServer(t, program, a)
	w := summon(t, s, size.witnesses)
	require.Eventually(t, func() bool { return w.heard(3) }, patience, 10*time.Millisecond, "all witnesses hear the publisher")
	r := row{name: a.name, fate: a.fate}
	w.forget()
	time.Sleep(size.calm)
	r.calm = w.percentile(99)
	r.before = s.settledMemory()
	s.forgetPeak()
	w.forget()

	calm := s.stats()
	assail(t, s, a, calm)
	r.stormy = w.percentile(99)
	r.peak = s.peakMemory()

	require.True(t, s.alive(), s.said())
	a.check(t, calm, s.stats())
	w.dismiss()
	require.Eventually(t, func() bool { return s.stats().Connections == 0 }, patience, 20*time.Millisecond, "everybody has gone")
	r.after = s.memoryComesBack(r.before)
	assert.LessOrEqual(t, r.after, allowed(r.before), "resident bytes: the memory comes back")
	assert.Zero(t, s.stats().Panics)
	return r
}

// assail attacks the server until it has done to the attackers what becomes of them, but
// not for ever: where a machine has much else to do an attack can be too weak.
func assail(t *testing.T, s *server, a *attack, calm core.Stats) {
	for began := time.Now(); time.Since(began) < patience && s.alive(); {
		sendAttackers(t, s, a)
		var missed misses
		if a.check(&missed, calm, s.stats()); missed == 0 {
			return
		}
	}
}

// misses counts the failures of a check.
type misses int

func (m *misses) Errorf(string, ...any) { *m++ }

// allowed is what a server may hold after an attack that held so much before it:
// records and tables that an attack had need of are kept for the next connections.
func allowed(before int64) int64 { return before*5/4 + 12<<20 }
