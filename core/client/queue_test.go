package client_test

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
	"github.com/gannet-ws/gannet/shard"
)

func TestQueue_IsBoundedWhileAway(t *testing.T) {
	c := newClient(t, client.Options{URL: "ws://" + unused(t) + "/ws", MaxQueue: 3})
	for range 3 {
		require.NoError(t, c.Send(patient(t), "chat", "send", nil))
	}
	require.ErrorIs(t, c.Send(patient(t), "chat", "send", nil), client.ErrQueueFull)
	require.ErrorIs(t, c.Request(patient(t), "chat", "send", nil, nil), client.ErrQueueFull)
	require.Equal(t, 3, c.Stats().Queued)
	require.Zero(t, c.Stats().Waiting)
	require.EqualValues(t, 2, c.Stats().QueueFull)
	require.EqualError(t, c.Close(), "messages were not sent: 3")
	require.ErrorIs(t, c.Send(patient(t), "chat", "send", nil), client.ErrClosed)
}

func TestQueue_FullWhileConnectedSendWaits(t *testing.T) {
	s := start(t, core.Options{})
	r := between(t, s.Addr().String())
	c := connect(t, client.Options{URL: r.url(), MaxQueue: 2, PingTimeout: patience})
	r.gate.Lock()
	unlock := sync.OnceFunc(r.gate.Unlock)
	defer unlock()
	accepted := fill(t, c)
	require.Zero(t, c.Stats().QueueFull, "it waited")
	unlock()
	eventually(t, func() bool { return s.Stats().MessagesIn == accepted }, "messages are missing")
	eventually(t, func() bool { return c.Stats().Sent == accepted }, "they are not counted")
}

// fill sends to a server that takes nothing until the sockets in between and the
// queue are full. It returns the number of messages that were accepted.
func fill(t testing.TB, c *client.Client) (accepted uint64) {
	t.Helper()
	text := strings.Repeat("x", 60<<10)
	for {
		err := c.Send(short(t, 200*time.Millisecond), "chat", "send", text)
		if err != nil {
			require.ErrorIs(t, err, context.DeadlineExceeded)
			return accepted
		}
		accepted++
	}
}

func TestQueue_SendThatWaitsIsReleasedWhenTheConnectionEnds(t *testing.T) {
	s := start(t, core.Options{})
	r := between(t, s.Addr().String())
	c := connect(t, client.Options{URL: r.url(), MaxQueue: 2, MinBackoff: time.Hour, MaxBackoff: time.Hour})
	r.gate.Lock()
	defer r.gate.Unlock()
	fill(t, c)
	failed := make(chan error, 1)
	go func() {
		for { // the message whose write fails makes room for another
			if err := c.Send(patient(t), "chat", "send", nil); err != nil {
				failed <- err
				return
			}
		}
	}()
	r.cut()
	require.ErrorIs(t, get(t, failed, "Send"), client.ErrQueueFull)
}

func TestQueue_BusySenderKeepsItsOrder(t *testing.T) {
	lines := make(chan string, 1<<20)
	s := start(t, core.Options{}, record(lines))
	c := connect(t, client.Options{
		URL: s.url(), Rooms: []string{"general"}, MaxQueue: 64,
		GiveUp: func(client.Closing) bool { return false },
	})
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for i := 0; ; i++ {
			for c.Send(patient(t), "log", "add", strconv.Itoa(i)) != nil {
				time.Sleep(time.Millisecond) // the queue is full
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	for i := range 20 {
		require.NoError(t, c.Connect(patient(t)))
		if id, ok := shard.ParseID(c.ID()); ok {
			s.Disconnect(id, "")
		}
		eventually(t, func() bool { return c.Stats().Connects > uint64(i+1) }, "it does not come back")
	}
	close(stop)
	get(t, stopped, "the sender")
	require.NoError(t, c.Close())
	last := -1
	for len(lines) > 0 {
		n, err := strconv.Atoi(strings.TrimSuffix(<-lines, " general"))
		require.NoError(t, err)
		require.Greater(t, n, last, "nothing comes twice, or late")
		last = n
	}
	require.Positive(t, last)
	require.Zero(t, c.Stats().Unsent, "what was not written waits for the next connection")
}

func TestQueue_RequestThatWasNotSentOutlivesTheConnection(t *testing.T) {
	s := start(t, core.Options{MaxByteRate: 1 << 30}, answers)
	r := between(t, s.Addr().String())
	c := connect(t, client.Options{URL: r.url(), MaxQueue: 1000})
	r.gate.Lock()
	text := strings.Repeat("x", 60<<10)
	for c.Stats().Queued < 300 { // far more than the sockets in between hold
		require.NoError(t, c.Send(patient(t), "chat", "send", text))
	}
	sum := make(chan int, 1)
	go func() {
		var n int
		if err := c.Request(patient(t), "test", "add", []int{1, 2}, &n); err != nil {
			t.Error(err)
		}
		sum <- n
	}()
	eventually(t, func() bool { return c.Stats().Waiting == 1 }, "it is not queued")
	r.cut()
	r.gate.Unlock()
	require.Equal(t, 3, get(t, sum, "the reply"))
	require.EqualValues(t, 2, c.Stats().Connects)
}
