package core

import (
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core/auth"
	"github.com/gannet-ws/gannet/shard"
)

// jumped is a time that was read before the wall clock was set by so many seconds: its
// wall time is another one, the reading of the monotonic clock beside it is the same.
// Layout: seconds above 30 bits of nanoseconds, and on top a bit that says that there is
// such a reading.
func jumped(t *testing.T, at time.Time, seconds int64) time.Time {
	t.Helper()
	wall := (*uint64)(unsafe.Pointer(&at))
	require.NotZero(t, *wall>>63, "the time has no monotonic reading")
	*wall -= uint64(seconds) << 30
	return at
}

const day = 24 * 3600

func TestJumped_IsWhatAJumpLooksLike(t *testing.T) {
	for _, seconds := range []int64{day, -day} {
		before := time.Now()
		after := jumped(t, before, seconds)
		require.Zero(t, before.Sub(after), "by the monotonic clock")
		require.Equal(t, time.Duration(seconds)*time.Second, before.Round(0).Sub(after.Round(0)), "by the wall clock")
	}
}

// Liveness, rates, deadlines and the age of everything are counted in what Server.now and
// Server.clock say. Neither heeds that the wall clock is set, a day ahead or back.
func TestClock_DoesNotHeedTheWallClock(t *testing.T) {
	for _, seconds := range []int64{day, -day} {
		server, err := New(Options{})
		require.NoError(t, err)
		now, clock := server.now(), server.clock()
		server.made = jumped(t, server.made, seconds)
		require.Less(t, since(server.now(), now), time.Minute)
		require.GreaterOrEqual(t, since(server.now(), now), time.Duration(0))
		require.Less(t, server.clock()-clock, time.Minute)
		require.GreaterOrEqual(t, server.clock(), clock)
		require.Less(t, server.Stats().UptimeSeconds, 60.0)
	}
}

// A token ends when its issuer has said that it does, by the clock on the wall.
func TestClock_TokensHeedIt(t *testing.T) {
	expired := func(in time.Duration) bool {
		s := shard.New(shard.Options{Directory: shard.NewDirectory(func(string, bool) {})})
		c := s.Add(shard.Socket{}, userOf(auth.Identity{Subject: "ada", Expires: time.Now().Round(0).Add(in)}))
		return (&loop{}).expired(c)
	}
	require.False(t, expired(time.Hour))
	require.True(t, expired(time.Hour-day*time.Second), "the clock was set a day ahead")
	require.False(t, expired(-time.Hour+day*time.Second), "it was set a day back")
}
