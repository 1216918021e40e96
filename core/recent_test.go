package core

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// counted are totals at a second in which so many messages have come.
func counted(second int, messages uint64) totals {
	now := totals{at: time.Duration(second) * time.Second}
	now.MessagesIn = messages
	return now
}

func TestRecent_WhatHasHappenedLately(t *testing.T) {
	var r recent
	r.reset(totals{})
	lately := func() (minute, five uint64) {
		now, _, points := r.copied()
		return now.MessagesIn - ago(points, now.at, time.Minute).MessagesIn, now.MessagesIn - ago(points, now.at, recentSpan).MessagesIn
	}
	for second := 1; second <= 1000; second++ { // one message in each
		r.note(counted(second, uint64(second)))
		minute, five := lately()
		if second <= 60 {
			assert.EqualValues(t, second, minute, "since the beginning")
		} else {
			assert.InDelta(t, 62, minute, 2.01)
		}
		if second <= 300 {
			assert.EqualValues(t, second, five, "since the beginning")
		} else {
			assert.InDelta(t, 302, five, 2.01)
		}
		assert.LessOrEqual(t, len(r.points), 62)
	}
	now, before, _ := r.copied()
	assert.Equal(t, Rates{MessagesIn: 1}, ratesBetween(&before, &now))
}

func TestRecent_NewRun(t *testing.T) {
	var r recent
	_, _, points := r.copied()
	assert.Zero(t, *ago(points, 0, time.Minute), "it has never run")
	r.reset(totals{})
	r.note(counted(10, 500))
	r.reset(totals{at: 20 * time.Second, published: 7, overloaded: 8, bus: busTotals{missed: 9}})
	now, before, points := r.copied()
	assert.Equal(t, now, before)
	assert.Len(t, points, 1)
	assert.EqualValues(t, 7, points[0].published)
	assert.EqualValues(t, 8, points[0].overloaded)
	assert.EqualValues(t, 9, points[0].bus.missed)
	assert.Zero(t, now.MessagesIn)
}

// Loops that end take their counts with them.
func TestRecent_TotalsThatShrink(t *testing.T) {
	before, now := counted(1, 500), counted(2, 3)
	assert.Equal(t, Rates{}, ratesBetween(&before, &now))
	var g Glance
	before.Closed[ReasonInactive], now.Closed[ReasonInactive] = 5, 1
	g.lately(&now, &before, &before)
	assert.Equal(t, map[string]Lately{"inactive": {0, 0, 1}}, g.Closed)
}

func TestSample_Compare(t *testing.T) {
	at := func(seconds float64, waited float64, timed bool, frames uint64) *sample {
		s := &sample{at: time.Duration(seconds * float64(time.Second)), waited: time.Duration(waited * float64(time.Second)), timed: timed}
		s.out.FramesOut = frames
		return s
	}
	for name, c := range map[string]struct {
		last, now    *sample
		busy, frames float64
	}{
		"the first":           {nil, at(1, 0, true, 5), -1, 0},
		"nobody looks":        {at(1, 0, false, 5), at(2, 0, false, 15), -1, 10},
		"somebody looks":      {at(1, 0, false, 5), at(2, 0, true, 15), -1, 10},
		"and goes on":         {at(1, 1, true, 5), at(3, 2.5, true, 15), .25, 5},
		"idle":                {at(1, 1, true, 5), at(2, 2, true, 5), 0, 0},
		"idle, almost":        {at(1, 1, true, 5), at(2, 2.1, true, 5), 0, 0},
		"busy all the time":   {at(1, 1, true, 5), at(2, 1, true, 5), 1, 0},
		"nobody looks again":  {at(1, 1, true, 5), at(2, 1, false, 5), -1, 0},
		"no time has gone by": {at(1, 1, true, 5), at(1, 1, true, 6), -1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c.now.compare(c.last)
			assert.InDelta(t, c.busy, c.now.busy, 1e-9)
			assert.InDelta(t, c.frames, c.now.frames, 1e-9)
		})
	}
}
