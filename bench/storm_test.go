package bench

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func smallStorm(t Target) *Storm {
	return &Storm{Target: t, Conns: 300, Rooms: 7, Steady: 5, InFlight: 100, Type: "demo", Action: "echo", Rounds: 1}
}

func TestStorm_AllComeBackToTheirRooms(t *testing.T) {
	accepted := 0
	s := smallStorm(startFloorWith(t, func(f *floor) {
		f.refuse = func() bool { accepted++; return false }
	}))
	s.Token = "secret"
	var written string
	r, err := run(t, func(ctx context.Context, out *bytes.Buffer) error {
		err := s.Run(ctx, out)
		written = out.String()
		return err
	})
	require.NoError(t, err)
	assert.NotContains(t, written, "secret")
	assert.Equal(t, 2*300+5, accepted, "the steady ones stay")
	assert.Equal(t, 305, r.Alive)
	assert.Greater(t, r.Delivered, uint64(300), "a message for each, and the echoes")
	assert.Equal(t, r.Expected, r.Delivered)
	assert.Positive(t, r.ReturnSeconds)
	assert.InEpsilon(t, 300/r.ReturnSeconds, r.ReturnsPerSecond, 0.01)
	assert.Positive(t, r.LatencyMax)
	assert.Zero(t, r.Repeated)
}

func TestStorm_BoundsWhoIsUnderWay(t *testing.T) {
	accepted, most := 0, 0
	s := smallStorm(startFloorWith(t, func(f *floor) {
		f.refuse = func() bool {
			accepted++
			under := 1 // this one
			for _, socket := range f.sockets {
				if socket.open && socket.room == nil {
					under++
				}
			}
			if accepted > 305 { // at first there may be more
				most = max(most, under)
			}
			return false
		}
	}))
	s.InFlight = 10
	require.NoError(t, s.Run(t.Context(), &bytes.Buffer{}))
	assert.Equal(t, 605, accepted)
	assert.LessOrEqual(t, most, 10+5, "and the steady ones, which are in no room")
}

func TestStorm_RefusedOnesTryAgain(t *testing.T) {
	accepted := 0
	s := smallStorm(startFloorWith(t, func(f *floor) {
		f.refuse = func() bool { accepted++; return accepted > 305 && accepted%4 == 0 }
	}))
	r, err := run(t, func(ctx context.Context, out *bytes.Buffer) error { return s.Run(ctx, out) })
	require.NoError(t, err)
	assert.Equal(t, 305, r.Alive)
	assert.Equal(t, accepted-605, int(r.Repeated))
	assert.Positive(t, r.Repeated)
	require.NotEmpty(t, r.Notes)
	assert.Contains(t, strings.Join(r.Notes, "\n"), "handshakes failed and were begun again")
}

func TestStorm_WhoIsKeptOutIsAnError(t *testing.T) {
	impatient(t, time.Second)
	accepted := 0
	s := smallStorm(startFloorWith(t, func(f *floor) {
		f.refuse = func() bool { accepted++; return accepted > 500 }
	}))
	err := s.Run(t.Context(), &bytes.Buffer{})
	require.ErrorContains(t, err, " of 300 sockets were ready, and no other for")
}

func TestStorm_BadOptions(t *testing.T) {
	for name, change := range map[string]func(s *Storm){
		"nobody steady":      func(s *Storm) { s.Steady = 0 },
		"nobody under way":   func(s *Storm) { s.InFlight = 0 },
		"negative calm":      func(s *Storm) { s.Calm = -1 },
		"more rooms":         func(s *Storm) { s.Rooms = 301 },
		"long action":        func(s *Storm) { s.Action = strings.Repeat("a", 100) },
		"no such process":    func(s *Storm) { s.ConnsPerProcess = -1 },
		"more than the loop": func(s *Storm) { s.Conns, s.NoFloor = 100_000_000, false },
	} {
		s := smallStorm(startFloor(t, nil))
		change(s)
		assert.ErrorIs(t, s.Run(t.Context(), &bytes.Buffer{}), ErrOption, name)
	}
}

func TestWithToken(t *testing.T) {
	for _, test := range []struct{ url, token, want string }{
		{"ws://h:1/ws", "", "ws://h:1/ws"},
		{"ws://h:1/ws", "a.b-c", "ws://h:1/ws?token=a.b-c"},
		{"ws://h:1/ws?x=1", "a&b", "ws://h:1/ws?token=a%26b&x=1"},
	} {
		got, err := withToken(test.url, test.token)
		require.NoError(t, err)
		assert.Equal(t, test.want, got)
	}
	_, err := withToken("ws://h:x/\x00", "t")
	assert.Error(t, err)
}
