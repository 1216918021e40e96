package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// Which messages a client may miss. A message is under way from when the publish
// request that was accepted began until the last client that gets it has. No message of
// the test was under way for longer than the slowest, so one that was accepted two such
// times before a client noticed that its connection was closed had come to its node, and
// was written to the client, before the close frame: twice, as the frame was on its way,
// too. One whose request began after the reply to the client's next join comes, as the
// reply says. What is accepted, or begun, in between may be missed, and nothing else.

// account is what a rolling restart has cost the clients.
type account struct {
	closes, missed, mostMissed int
	slowest                    time.Duration // of messages, from the request to the last client
	longest                    time.Duration // absence, from the close frame to the reply to the next join
	latest                     time.Duration // return, since the node was told to stop
}

// slowest is the longest time that a message was under way.
func slowest(all []*traveller, rooms [][]publication) (longest time.Duration) {
	for _, v := range all {
		for _, s := range v.sessions {
			for _, got := range s.got {
				longest = max(longest, got.at-rooms[v.room][got.number].began)
			}
		}
	}
	return longest
}

// add makes sure that a client has got what it may not miss, once, and counts what it
// has missed.
func (a *account) add(t *testing.T, v *traveller, published []publication) {
	got := make([]bool, len(published))
	for _, s := range v.sessions {
		now := map[int]bool{}
		for _, r := range s.got {
			assert.False(t, now[r.number], "a client got message %d twice on one connection", r.number)
			now[r.number], got[r.number] = true, true
		}
	}
	missed := 0
	for number, m := range published {
		if got[number] {
			continue
		}
		missed++
		assert.True(t, a.excused(v, m), "a client of node %s missed message %d, which was under way from %s to %s while it was there: %+v",
			v.sessions[0].node, number, m.began, m.accepted, v.absences())
	}
	a.missed += missed
	a.mostMissed = max(a.mostMissed, missed)
}

// excused reports whether a message was under way while a client was away.
func (a *account) excused(v *traveller, m publication) bool {
	for _, away := range v.absences() {
		if m.accepted >= away.from-2*a.slowest && m.began <= away.to {
			return true
		}
	}
	return false
}

// absence is the time between two sessions of a client.
type absence struct {
	node     string // from which it went
	from, to time.Duration
	waited   time.Duration // of its own accord
}

func (v *traveller) absences() (all []absence) {
	for i := range len(v.sessions) - 1 {
		before, after := v.sessions[i], v.sessions[i+1]
		all = append(all, absence{before.node, before.closed, after.joined, after.waited})
	}
	return all
}
