package main

import (
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core/client"
)

// receipt is a message of its room that a client has got, and when.
type receipt struct {
	number int
	at     time.Duration
}

// session is one connection of a client, in its room: from when it was told that it had
// joined until it was told that it was closed. All times are since the test began.
type session struct {
	node   string        // the first 12 digits of the client's id
	joined time.Duration // the reply to the join
	closed time.Duration // 0 for the last one, which is open
	waited time.Duration // of its own accord before it, after the one that had ended
	got    []receipt
}

// traveller is a client of a room that comes back by itself.
type traveller struct {
	*client.Client
	t     *testing.T
	began time.Time
	room  int

	mu       sync.Mutex
	sessions []session
	waits    time.Duration // since the last session ended
	leaving  bool          // it closes the connection itself
}

// travel makes a client of a room, which is not connected yet.
func travel(t *testing.T, began time.Time, address string, room int) *traveller {
	v := &traveller{t: t, began: began, room: room}
	var err error
	v.Client, err = client.New(client.Options{
		URL: "ws://" + address + "/ws", Rooms: []string{rollingRoom(room)}, MaxAttempts: -1, MaxBackoff: 5 * time.Second,
		HandshakeTimeout: patience, Log: slog.New(slog.DiscardHandler),
		Events: client.Events{Connected: v.connected, Disconnected: v.disconnected, Reconnecting: v.reconnecting},
	})
	require.NoError(t, err)
	v.Handle("rolling", "count", v.count)
	return v
}

func (v *traveller) connected(welcome client.Welcome) {
	v.mu.Lock()
	defer v.mu.Unlock()
	assert.Empty(v.t, welcome.Refused)
	v.sessions = append(v.sessions, session{node: welcome.ClientID[:12], joined: time.Since(v.began), waited: v.waits})
	v.waits = 0
}

func (v *traveller) disconnected(closing client.Closing) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.leaving {
		return
	}
	assert.Equal(v.t, client.Closing{Code: 1012, Reason: "draining"}, closing)
	v.sessions[len(v.sessions)-1].closed = time.Since(v.began)
}

func (v *traveller) reconnecting(_ int, in time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.waits += in
}

func (v *traveller) count(message client.Envelope) {
	v.mu.Lock()
	defer v.mu.Unlock()
	got := receipt{at: time.Since(v.began)}
	assert.NoError(v.t, message.Bind(&got.number))
	now := &v.sessions[len(v.sessions)-1]
	now.got = append(now.got, got)
}

// leave ends the client.
func (v *traveller) leave() {
	v.mu.Lock()
	v.leaving = true
	v.mu.Unlock()
	assert.NoError(v.t, v.Close())
}

// has reports whether the client has got a message on the connection that it has.
func (v *traveller) has(number int) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	got := v.sessions[len(v.sessions)-1].got
	return slices.ContainsFunc(got[max(0, len(got)-100):], func(r receipt) bool { return r.number == number })
}

// isThere reports whether the client has been connected.
func (v *traveller) isThere() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.sessions) > 0
}

// hasLeft reports whether the client is connected to another node than a certain one.
func (v *traveller) hasLeft(node string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.sessions[len(v.sessions)-1]
	return now.closed == 0 && now.node != node
}
