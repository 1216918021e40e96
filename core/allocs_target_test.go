//go:build !race

package core

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/shard"
)

// crowd adds clients of whom every other is a user with a claim and metadata, and
// returns their ends.
func (s *still) crowd(clients int) (far []int) {
	user := &shard.User{ID: "ada", IDJSON: []byte(`"ada"`), Payload: []byte(`{"sub":"ada","plan":"premium"}`)}
	for i := range clients {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		require.NoError(s.t, err)
		s.t.Cleanup(func() { _, _ = unix.Close(pair[0]), unix.Close(pair[1]) })
		who := user
		if i%2 == 1 {
			who = nil
		}
		c := s.loop.shard.Add(shard.Socket{FD: int32(pair[0])}, who)
		s.loop.shard.Join(c, "crowd")
		s.loop.shard.Join(c, "other")
		require.True(s.t, s.loop.shard.SetMetadata(c, "level", []byte("7")))
		far = append(far, pair[1])
	}
	return far
}

// receivedBy counts the clients that something has come for, and takes it.
func (s *still) receivedBy(far []int) (n int) {
	for _, fd := range far {
		if _, err := unix.Read(fd, s.out); err == nil {
			n++
		}
	}
	return n
}

// costs is what publishing to the target allocates, where that reaches a part of
// a small crowd and the same part of a large one.
func costs(t *testing.T, to Target, part int) (allocs [2]float64) {
	message := codec.NewMessage(codec.OpText, []byte(`{"type":"test","action":"event"}`))
	for i, clients := range []int{2, 200} {
		s := newStill(t)
		far := s.crowd(clients)
		publish := func() {
			_, _ = s.server.Publish(Publication{To: to, Message: message})
			s.loop.Turn()
		}
		publish()
		require.Equal(t, clients/part, s.receivedBy(far))
		allocs[i] = testing.AllocsPerRun(100, func() { publish(); s.receivedBy(far) })
	}
	return allocs
}

// A filter costs what its making costs, however many clients it looks at.
func TestAllocs_Filters(t *testing.T) {
	where := "claim:plan == premium and meta:level > 3"
	only := func(v *ClientView) bool {
		return v.UserID() == "ada" && v.IsMember("crowd") && v.Metadata("level") != nil
	}
	for name, to := range map[string]Target{
		"where":            Room("crowd").Where(where),
		"where, all":       All().Where(where),
		"where, two rooms": Rooms("crowd", "other").Where(where),
		"if":               Room("crowd").If(only),
		"if and where":     Room("crowd").If(only).Where(where),
	} {
		t.Run(name, func(t *testing.T) {
			allocs := costs(t, to, 2)
			require.Equal(t, allocs[0], allocs[1], "for 2 clients, and for 200")
		})
	}
}

// Nor does it matter how many clients are in several of the rooms.
func TestAllocs_Rooms(t *testing.T) {
	require.Equal(t, [2]float64{}, costs(t, Rooms("crowd", "other"), 1))
}
