package siege_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// attack is one way to trouble a server.
type attack struct {
	name string
	fate string // what becomes of the attacker, for the README

	flags       []string // of the server
	environment []string // of the server
	descriptors int      // that the server may have, if they are to be few
	tls         bool     // the server listens for TLS, too

	lasts     time.Duration // at least, for what a deadline has to end
	attackers int           // connections at once, as a part of the scale's: 1 is all, 4 a quarter
	// attack is called by each attacker again and again until the attack is over. It
	// has a connection of its own, which it opens and closes.
	attack func(*attacker)
	// check looks at what the server has counted, before and after.
	check func(t assert.TestingT, before, after core.Stats)
}

// attacks are all of them.
var attacks = slices.Concat(onUpgrade, withFrames, withReading, withResources, withTLS, withCompression)

// attacker is one of many.
type attacker struct {
	ctx    context.Context // ends with the attack
	server target
	index  int
	round  int // how often it has attacked before
}

// The attackers are a process of their own: those who behave are not to share its
// goroutines' wait for a CPU.
const (
	attackVariable = "GANNET_SIEGE_ATTACK" // the attack's name
	targetVariable = "GANNET_SIEGE_TARGET" // the target's addresses
)

// sendAttackers has a process attack the server, and waits for its end.
func sendAttackers(t *testing.T, s *server, a *attack) {
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), attackVariable+"="+a.name, targetVariable+"="+s.addr+" "+s.tls+" "+s.admin)
	said, err := command.CombinedOutput()
	require.NoError(t, err, string(said))
}

// attackAs is what that process does.
func attackAs(name string) {
	i := slices.IndexFunc(attacks, func(a attack) bool { return a.name == name })
	var to target
	if _, err := fmt.Sscan(os.Getenv(targetVariable), &to.addr, &to.tls, &to.admin); err != nil || i < 0 {
		fmt.Fprintln(os.Stderr, "there is no such attack, or nothing to attack:", name, err)
		os.Exit(2)
	}
	ctx, over := context.WithTimeout(context.Background(), max(theScale().attack, attacks[i].lasts))
	defer over()
	besiege(ctx, to, &attacks[i])
}

// besiege has all attackers attack until ctx ends.
func besiege(ctx context.Context, to target, a *attack) {
	var all sync.WaitGroup
	for i := range max(1, theScale().attackers/a.attackers) {
		one := attacker{ctx: ctx, server: to, index: i}
		all.Go(func() {
			for ; ctx.Err() == nil; one.round++ {
				a.attack(&one)
			}
		})
	}
	all.Wait()
}

// dial opens a connection that ends with the attack. Nil: the server has none left,
// which it tries again a little later.
func (a *attacker) dial() net.Conn { return a.dialTo(a.server.addr) }

func (a *attacker) dialTo(addr string) net.Conn { return a.dialFrom(nil, addr) }

// dialFrom is dial from an address of the machine; nil is any.
func (a *attacker) dialFrom(from net.Addr, addr string) net.Conn {
	dialer := net.Dialer{LocalAddr: from}
	conn, err := dialer.DialContext(a.ctx, "tcp", addr)
	if err != nil {
		a.wait(50 * time.Millisecond)
		return nil
	}
	if deadline, ok := a.ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	return conn
}

// upgrade opens a connection that is a client. Nil: it has been refused.
func (a *attacker) upgrade(more string) *peer {
	conn := a.dial()
	if conn == nil {
		return nil
	}
	p, err := upgrade(conn, "/ws", more)
	if err != nil {
		_ = conn.Close()
		a.wait(50 * time.Millisecond)
		return nil
	}
	if deadline, ok := a.ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	return p
}

// begin is upgrade, with a first write. Nil: it has been refused, or has ended.
func (a *attacker) begin(more string, first []byte) *peer {
	p := a.upgrade(more)
	if p == nil {
		return nil
	}
	if p.write(first) != nil {
		_ = p.conn.Close()
		return nil
	}
	return p
}

// wait waits, but not longer than the attack.
func (a *attacker) wait(d time.Duration) {
	select {
	case <-time.After(d):
	case <-a.ctx.Done():
	}
}

// untilClosed writes what comes until the server has had enough, or the attack is
// over.
func (a *attacker) untilClosed(p *peer, next func() []byte) {
	defer p.conn.Close()
	for a.ctx.Err() == nil {
		if p.write(next()) != nil {
			return
		}
	}
}

// flood writes the same until the server has had enough, or the attack is over.
func (a *attacker) flood(p *peer, same []byte) {
	a.untilClosed(p, func() []byte { return same })
}

// idle does nothing until the connection or the attack ends.
func (a *attacker) idle(p *peer) {
	defer p.conn.Close()
	for {
		if _, _, err := p.next(); err != nil {
			return
		}
	}
}

// reset has the connection end with a reset.
func reset(conn net.Conn) {
	_ = conn.(*net.TCPConn).SetLinger(0)
	_ = conn.Close()
}
