package shard

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// hear is what a loop does with a message.
func (f *fixture) hear(c *Client, size int) bool {
	f.See(c)
	return f.Spend(c, size)
}

func TestRate_MessagesAndBytesAreBounded(t *testing.T) {
	f := newFixture(t, func(o *Options) {
		o.Messages = Rate{PerSecond: 10, Burst: 3}
		o.Bytes = Rate{PerSecond: 1000, Burst: 500}
	})
	c := f.add("").Client
	for _, step := range []struct {
		after   uint32 // milliseconds
		size    int
		heard   bool
		strikes uint8
		why     string
	}{
		{0, 100, true, 0, "the first"},
		{0, 100, true, 0, "the burst's second"},
		{0, 100, true, 0, "the burst's third"},
		{0, 100, false, 1, "no message is left"},
		{99, 10, false, 2, "a tenth of a second is not over"},
		{1, 10, true, 2, "now it is"},
		{100, 500, false, 3, "the bytes of the first three are not back"},
		{300, 500, true, 0, "all is back, and strikes are forgiven"},
		{100, 1, true, 0, "one message more"},
		{0, 1000, false, 1, "larger than the burst"},
	} {
		f.Now += step.after
		assert.Equal(t, step.heard, f.hear(c, step.size), step.why)
		assert.Equal(t, step.strikes, c.Strikes, step.why)
	}
}

func TestRate_NoneIsNoLimit(t *testing.T) {
	f := newFixture(t)
	c := f.add("").Client
	for range 1000 {
		assert.True(t, f.hear(c, 1<<30))
	}
	assert.Zero(t, c.Strikes)
}

func TestRate_WhatIsOwedHasToComeBack(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.Bytes = Rate{PerSecond: 1000, Burst: 500} })
	c := f.add("").Client
	assert.True(t, f.hear(c, 500))
	f.Owe(c, 250)
	f.Now += 250
	assert.True(t, f.hear(c, 0))
	f.Now += 99
	assert.False(t, f.hear(c, 100))
	f.Now++
	assert.True(t, f.hear(c, 100))
	f.Now += 500
	assert.True(t, f.hear(c, 500))
	assert.Zero(t, c.Strikes, "paid for and forgiven")
}

func TestRate_StrikesDoNotWrapAround(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.Messages = Rate{PerSecond: 1, Burst: 1} })
	c := f.add("").Client
	for range 1000 {
		f.hear(c, 1)
	}
	assert.EqualValues(t, 255, c.Strikes)
	f.Remove(c)
	again := f.add("").Client
	assert.Same(t, c, again)
	assert.Zero(t, again.Strikes)
	assert.True(t, f.hear(again, 1))
}

// A bucket fills however often it is looked at.
func TestRate_SlowRateFillsInSmallSteps(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.Messages = Rate{PerSecond: 1, Burst: 1} })
	c := f.add("").Client
	heard := 0
	for range 10_000 {
		f.Now++
		if f.hear(c, 1) {
			heard++
		}
	}
	assert.InDelta(t, 11, heard, 1)
}

// Fragments and pongs take bytes, and no messages.
func TestRate_FramesThatAreNoMessages(t *testing.T) {
	f := newFixture(t, func(o *Options) {
		o.Messages = Rate{PerSecond: 1, Burst: 1}
		o.Bytes = Rate{PerSecond: 16_000, Burst: 8000}
	})
	c := f.add("").Client
	for i := range 7 {
		assert.True(t, f.SpendFrame(c, 0), i)
	}
	assert.False(t, f.SpendFrame(c, 0), "8 charges of 1 KiB are more than 8000")
	assert.EqualValues(t, 1, c.Strikes)
	assert.True(t, f.Spend(c, 8000-7*frameCharge), "what is left is for a message")
	assert.False(t, f.Spend(c, 0), "the one that there is")
	f.Now += 1000
	f.See(c)
	assert.False(t, f.SpendFrame(c, 8000-frameCharge+1), "the payload counts beside the charge")
	assert.True(t, f.SpendFrame(c, 8000-frameCharge))
	assert.False(t, f.SpendFrame(c, 0))
}

func TestRate_FramesWithoutALimit(t *testing.T) {
	f := newFixture(t)
	c := f.add("").Client
	for range 1000 {
		assert.True(t, f.SpendFrame(c, 1<<30))
	}
	assert.Zero(t, c.Strikes)
}

// Where messages are without a limit, strikes for bytes are forgiven all the same.
func TestRate_StrikesAreForgivenWithoutALimitOfMessages(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.Bytes = Rate{PerSecond: 1000, Burst: 1000} })
	c := f.add("").Client
	assert.True(t, f.Spend(c, 900))
	assert.False(t, f.Spend(c, 900))
	assert.EqualValues(t, 1, c.Strikes)
	f.Now += 1000
	f.See(c)
	assert.Zero(t, c.Strikes)
}

// A client that is being closed has room for what it has under way, and no more than
// its rate beyond that, an echo client not either.
func TestRate_OfClientsThatAreClosed(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.Bytes = Rate{PerSecond: 1000, Burst: 100_000} })
	c := f.add("").Client
	assert.True(t, f.Spend(c, 100_000))
	f.GrantLate(c)
	assert.True(t, f.SpendLate(c, 10, 0))
	assert.True(t, f.SpendLate(c, 0, lateBytes-10*frameCharge))
	assert.False(t, f.SpendLate(c, 0, 1))
	f.Now += 1000
	f.See(c)
	assert.True(t, f.SpendLate(c, 0, 900))
	assert.False(t, f.SpendLate(c, 1, 0))
	assert.Zero(t, c.Strikes)

	e := f.add("").Client
	f.MakeEcho(e)
	f.Owe(e, 50_000) // nothing is taken from it
	f.GrantLate(e)
	assert.True(t, f.SpendLate(e, 0, 100_000), "what it has is not taken away")
	assert.False(t, f.SpendLate(e, 0, 1))
	assert.True(t, newFixture(t).SpendLate(c, 1000, 1<<30), "without a limit")

	f = newFixture(t, func(o *Options) { o.Bytes = Rate{PerSecond: 1000, Burst: 1000} })
	c = f.add("").Client
	f.GrantLate(c)
	for range 4 {
		f.Now += 10
		f.See(c)
		assert.True(t, f.SpendLate(c, 0, lateBytes/4), "what is granted stays, though it is more than the burst")
	}
	assert.False(t, f.SpendLate(c, 0, 1000))
}
