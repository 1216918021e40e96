package core_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// departures notes in which order clients go, and why.
type departures struct {
	mu  sync.Mutex
	ids []core.ClientID
}

func (d *departures) note(gone core.Departure) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if gone.Reason == core.ReasonDraining {
		d.ids = append(d.ids, gone.ClientID)
	}
}

func (d *departures) number() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.ids)
}

// Clients go in steps, and not in the order in which they came.
func TestDrain_ClosesClientsInTurn(t *testing.T) {
	t.Parallel()
	const many = 300
	var gone departures
	server := newServer(t, core.Options{
		Loops: 2, DrainPeriod: 2 * time.Second, DrainTimeout: time.Hour, Hooks: core.Hooks{Disconnected: gone.note},
	})
	tellID(server)
	ran, stop := runInBackground(t, server)
	came := map[core.ClientID]int{}
	var clients []*client
	for i := range many {
		c := connect(t, server)
		came[idOf(c)] = i
		clients = append(clients, c)
	}
	stop()
	steps := map[int]bool{}
	for len(ran) == 0 {
		steps[gone.number()] = true
		time.Sleep(time.Millisecond)
	}
	returns(t, ran)
	for _, c := range clients {
		require.Equal(t, closing{1012, "draining"}, c.end())
	}
	require.Len(t, gone.ids, many)
	require.Greater(t, len(steps), 5, "they go one after another")
	neighbours := 0
	for i, id := range gone.ids[1:] {
		if apart := came[id] - came[gone.ids[i]]; apart == 1 || apart == -1 {
			neighbours++
		}
	}
	require.Less(t, neighbours, many/10, "who came together does not go together")
}

// Until its turn comes a client is served as before, and is sent all that is published.
func TestDrain_ServesThoseWhoAreLeft(t *testing.T) {
	t.Parallel()
	const many, room = 100, "r"
	server := newServer(t, core.Options{Loops: 2, DrainPeriod: time.Second, DrainTimeout: time.Hour})
	ran, stop := runInBackground(t, server)
	clients := connectMany(t, server, many)
	for _, c := range clients {
		c.join(room)
	}
	stop()
	published := 0
	for ; len(ran) == 0; published++ {
		_, err := server.Publish(note{"drain", published}.to(core.Room(room)))
		require.NoError(t, err)
		time.Sleep(time.Millisecond)
	}
	returns(t, ran)
	most := 0
	for _, c := range clients {
		require.Equal(t, closing{1012, "draining"}, c.end())
		for n, text := range c.rest() {
			got, ok := readNote(text)
			require.True(t, ok, text)
			require.Equal(t, note{"drain", n}, got, "nothing is missing before the close frame")
			most = max(most, n+1)
		}
	}
	require.Greater(t, most, 1, "those who were left were served")
	require.LessOrEqual(t, most, published)
}

// Within the delay clients are served, while who comes is sent elsewhere.
func TestDrain_Delay(t *testing.T) {
	t.Parallel()
	const delay = 2 * time.Second
	server := newServer(t, core.Options{DrainDelay: delay})
	ran, stop := runInBackground(t, server)
	c := connect(t, server)
	began := time.Now()
	stop()
	eventually(t, func() bool { return server.State() == core.StateDraining }, "it drains")
	require.Equal(t, wirePong, c.ask(askPing), "it answers")
	_, err := server.Publish(note{"late", 0}.to(core.All()))
	require.NoError(t, err)
	require.Equal(t, note{"late", 0}, c.receiveNote(), "and it delivers")
	status, header, body := refusedUpgrade(t, server)
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Equal(t, "1", header.Get("Retry-After"))
	require.Contains(t, body, `"DRAINING"`)
	require.Equal(t, closing{1012, "draining"}, c.end())
	require.GreaterOrEqual(t, time.Since(began), delay)
	returns(t, ran)
}

// A request that takes its time is answered, as long as there are clients to wait for.
func TestDrain_SlowRequest(t *testing.T) {
	t.Parallel()
	server := newServer(t, core.Options{DrainDelay: 4 * time.Second, DrainPeriod: allAtOnce})
	ran, stop := runInBackground(t, server)
	c := connect(t, server)
	conn, request := raw(t, server), upgradeRequest(server)
	_, err := conn.Write(request[:20])
	require.NoError(t, err)
	stop()
	time.Sleep(5 * time.Second / 2) // longer than those are kept who have been refused
	_, err = conn.Write(request[20:])
	require.NoError(t, err)
	status, header, body := answered(t, conn)
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Equal(t, "1", header.Get("Retry-After"))
	require.Contains(t, body, `"DRAINING"`)
	require.Equal(t, closing{1012, "draining"}, c.end())
	returns(t, ran)
}

func TestOptions_Drain(t *testing.T) {
	for want, options := range map[string]core.Options{
		"drain-delay is -1s: it cannot be below zero":                                                    {DrainDelay: -time.Second},
		"drain-period is 5s and drain-delay 0s: together they must be below drain-timeout, which is 5s":  {DrainPeriod: 5 * time.Second, DrainTimeout: 5 * time.Second},
		"drain-period is 5s and drain-delay 6s: together they must be below drain-timeout, which is 10s": {DrainPeriod: 5 * time.Second, DrainDelay: 6 * time.Second},
		"drain-period is 0s and drain-delay 10s: together they must be":                                  {DrainDelay: 10 * time.Second},
		"drain-period is -1ns and drain-delay 10s: together they must be":                                {DrainPeriod: -1, DrainDelay: 10 * time.Second},
		"drain-timeout is 201h0m0s, which is too long":                                                   {DrainPeriod: 200 * time.Hour, DrainTimeout: 201 * time.Hour},
	} {
		_, err := core.New(options)
		require.ErrorContains(t, err, want)
	}
	for _, options := range []core.Options{
		{}, {DrainPeriod: -1, DrainTimeout: 1}, {DrainTimeout: time.Second}, {DrainDelay: 9 * time.Second}, {DrainPeriod: 9 * time.Second}, {DrainDelay: 4 * time.Second},
	} {
		_, err := core.New(options)
		require.NoError(t, err)
	}
}
