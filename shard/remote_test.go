package shard

import (
	"net/netip"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRemote_Addresses(t *testing.T) {
	f := newFixture(t)
	a, b := f.Add(Socket{FD: -1}, nil), f.Add(Socket{FD: -1}, nil)
	assert.Equal(t, netip.Addr{}, f.Address(a), "before it is set")
	for text, want := range map[string]string{
		"192.0.2.1":        "192.0.2.1",
		"0.0.0.1":          "0.0.0.1",
		"::ffff:192.0.2.1": "192.0.2.1",
		"2001:db8::1":      "2001:db8::1",
		"::1":              "::1",
		"fe80::1%eth0":     "fe80::1",
	} {
		f.SetRemote(a, netip.MustParseAddr(text), 3)
		assert.Equal(t, want, f.Address(a).String())
		assert.EqualValues(t, 3, f.Subprotocol(a))
	}
	assert.Equal(t, netip.Addr{}, f.Address(b), "another client's")
	assert.Zero(t, f.Subprotocol(b))
	f.SetRemote(b, netip.Addr{}, 255)
	assert.Equal(t, netip.Addr{}, f.Address(b))
	assert.EqualValues(t, 255, f.Subprotocol(b))
	f.SetRemote(a, netip.Addr{}, 0)
	assert.Equal(t, netip.Addr{}, f.Address(a))
	assert.Zero(t, f.Subprotocol(a))
}

func TestRemote_EndsWithTheClient(t *testing.T) {
	f := newFixture(t)
	a := f.Add(Socket{FD: -1}, nil)
	f.SetRemote(a, netip.MustParseAddr("192.0.2.1"), 1)
	f.Remove(a)
	again := f.Add(Socket{FD: -1}, nil)
	require.Same(t, a, again)
	assert.Equal(t, netip.Addr{}, f.Address(again))
	assert.Zero(t, f.Subprotocol(again))
}

// Where nobody has an address, as behind a Unix socket, nothing is kept.
func TestRemote_Memory(t *testing.T) {
	f := newFixture(t)
	assert.EqualValues(t, 17, unsafe.Sizeof(remote{}))
	a := f.Add(Socket{FD: -1}, nil)
	f.SetRemote(a, netip.Addr{}, 0)
	require.Nil(t, f.slots.chunks[0].Load().remotes)
	for range chunkSize {
		f.SetRemote(f.Add(Socket{FD: -1}, nil), netip.MustParseAddr("192.0.2.1"), 0)
	}
	require.NotNil(t, f.slots.chunks[0].Load().remotes)
	require.NotNil(t, f.slots.chunks[1].Load().remotes)
}
