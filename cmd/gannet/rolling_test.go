package main

import (
	"os"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus/redistest"
)

// rollingSlack is what a loaded machine may take for what a free one does at once.
const rollingSlack = 5 * time.Second

// rolling is a rolling restart: three nodes with a Redis between them and a balancer in
// front are replaced one after another, under clients that come back and publishers that
// go on.
type rolling struct {
	t        *testing.T
	began    time.Time
	redis    *redistest.Server
	balancer *balancer
	clients  []*traveller

	delay, period, timeout time.Duration // of drains
	stopped                map[string]time.Duration
}

// rollingNode is one of the nodes.
type rollingNode struct {
	*command
	remove func()        // from the balancer
	ended  chan struct{} // closed when it has
	err    error         // how, valid then
}

// start starts a node, and waits until the balancer leads to it.
func (r *rolling) start() *rollingNode {
	r.t.Helper()
	before := r.balancer.ready()
	n := &rollingNode{ended: make(chan struct{}), command: serveCommandLine(r.t, []string{"GORACE=atexit_sleep_ms=0"},
		"--redis-url="+r.redis.URL(), "--drain-delay="+r.delay.String(), "--drain-period="+r.period.String(), "--drain-timeout="+r.timeout.String())}
	n.remove = r.balancer.add(n.command)
	go func() {
		defer close(n.ended)
		for n.log.Scan() { // to the end, or it could not write
			continue
		}
		n.err = n.Wait()
	}()
	r.t.Cleanup(func() { _ = n.Process.Kill(); <-n.ended })
	require.Eventually(r.t, func() bool { return r.balancer.ready() == before+1 }, patience, time.Millisecond)
	return n
}

// replace has a node drain, waits until all its clients are at others, and starts
// another in its place.
func (r *rolling) replace(n *rollingNode) *rollingNode {
	r.t.Helper()
	r.stopped[n.node] = time.Since(r.began)
	require.NoError(r.t, n.Process.Signal(syscall.SIGTERM))
	select {
	case <-n.ended:
		require.NoError(r.t, n.err, "exit status 0")
	case <-time.After(r.timeout + patience):
		r.t.Fatal("a node does not end")
	}
	n.remove()
	r.await(func(v *traveller) bool { return v.hasLeft(n.node) }, "all are at other nodes")
	return r.start()
}

// connect connects clients to rooms, a few at a time.
func (r *rolling) connect(clients, rooms int) {
	r.t.Helper()
	var connecting sync.WaitGroup
	places := make(chan struct{}, 50)
	for i := range clients {
		v := travel(r.t, r.began, r.balancer.address(toSockets), i%rooms)
		r.clients = append(r.clients, v)
		r.t.Cleanup(v.leave)
		connecting.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			assert.NoError(r.t, v.Connect(r.t.Context()))
		})
	}
	connecting.Wait()
	require.False(r.t, r.t.Failed())
	r.await((*traveller).isThere, "all have been told that they are connected")
}

// await waits until a condition holds for all clients.
func (r *rolling) await(condition func(*traveller) bool, what string) {
	r.t.Helper()
	require.Eventually(r.t, func() bool {
		return !slices.ContainsFunc(r.clients, func(v *traveller) bool { return !condition(v) })
	}, 2*patience, 10*time.Millisecond, what)
}

// TestRollingRestart restarts three nodes under clients and publishers: 600 clients, or
// as many as GANNET_ROLLING says. Each is back within the drain's delay and period and
// its own back-off; all that is published is accepted in the end, once; and nothing is
// missed but between a client's close and its next join.
func TestRollingRestart(t *testing.T) {
	clients, rooms, period := 600, 20, 3*time.Second
	if text := os.Getenv("GANNET_ROLLING"); text != "" {
		var err error
		clients, err = strconv.Atoi(text)
		require.NoError(t, err)
		rooms, period = 50, 10*time.Second
	}
	r := &rolling{
		t: t, began: time.Now(), redis: redistest.Start(t), balancer: newBalancer(t), stopped: map[string]time.Duration{},
		delay: 300 * time.Millisecond, period: period, timeout: 2*period + 4*time.Second,
	}
	var nodes []*rollingNode
	for range 3 {
		nodes = append(nodes, r.start())
	}
	r.connect(clients, rooms)
	p := startPublishing(t, r.began, r.balancer.address(toAPI), rooms, time.Second/2)
	for i, n := range nodes {
		nodes[i] = r.replace(n)
	}
	published := p.finish()
	r.await(func(v *traveller) bool { return v.has(len(published[v.room]) - 1) }, "all is delivered")
	r.disconnect()
	a := r.account(published)
	messages := 0
	for _, room := range published {
		messages += len(room)
	}
	t.Logf("clients: %d, closed: %d, longest absence: %s, back at most %s after SIGTERM; published: %d, refused and published again: %d, slowest message: %s, missed while away: %d, at most %d by a client",
		clients, a.closes, a.longest.Round(time.Millisecond), a.latest.Round(time.Millisecond), messages, p.retries.Load(), a.slowest.Round(time.Millisecond), a.missed, a.mostMissed)
	require.GreaterOrEqual(t, a.closes, clients, "everybody was at a node that was replaced")
}

func (r *rolling) disconnect() {
	var leaving sync.WaitGroup
	for _, v := range r.clients {
		leaving.Go(v.leave)
	}
	leaving.Wait()
}

// account makes sure that everybody came back in time and missed nothing else.
func (r *rolling) account(published [][]publication) *account {
	a := &account{slowest: slowest(r.clients, published)}
	assert.Less(r.t, a.slowest, rollingSlack, "messages are slow, and much that is missed would be excused")
	for _, v := range r.clients {
		a.add(r.t, v, published[v.room])
		for _, away := range v.absences() {
			a.closes++
			a.longest = max(a.longest, away.to-away.from)
			stopped := r.stopped[away.node]
			a.latest = max(a.latest, away.to-stopped)
			assert.GreaterOrEqual(r.t, away.from, stopped+r.delay, "nobody is closed before the delay is over")
			assert.LessOrEqual(r.t, away.to-stopped, r.delay+r.period+away.waited+rollingSlack, "a client is back in time")
		}
	}
	return a
}
