package redis

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
)

func TestHeader_Layout(t *testing.T) {
	h := header{
		mark:   mark{node: 0x0a0b0c0d0e0f, epoch: 0x01020304, sequence: 0x1112131415161718},
		except: bus.ClientID{0xee, 15: 0xff},
		target: target{UserIDs: []string{"5"}},
	}
	message, err := appendHeader([]byte("before"), &h)
	require.NoError(t, err)
	assert.Equal(t, "before"+
		"\x01\x03"+"\x0a\x0b\x0c\x0d\x0e\x0f"+"\x01\x02\x03\x04"+"\x11\x12\x13\x14\x15\x16\x17\x18"+
		"\xee\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff"+
		"\x00\x11"+`{"userIds":["5"]}`, string(message))
}

func TestHeader_RoundTrip(t *testing.T) {
	marked := mark{node: 1<<48 - 1, epoch: 7, sequence: 9}
	for name, h := range map[string]header{
		"nothing":       {},
		"mark":          {mark: marked},
		"except":        {mark: marked, except: bus.ClientID{1}},
		"users":         {mark: marked, target: target{UserIDs: []string{"a", `b"\`, "ü"}}},
		"clients":       {mark: marked, target: target{ClientIDs: []string{"00112233445566778899aabbccddeeff"}}},
		"rooms":         {mark: marked, target: target{Rooms: []string{"x", "y"}}},
		"where":         {mark: marked, target: target{Where: "claim:plan == pro"}},
		"all that fits": {mark: marked, except: bus.ClientID{2}, target: target{Rooms: []string{"x"}, Where: "anonymous"}},
	} {
		t.Run(name, func(t *testing.T) {
			message, err := appendHeader(nil, &h)
			require.NoError(t, err)
			read, payload, err := parseHeader(append(message, "{}"...))
			require.NoError(t, err)
			assert.Equal(t, h, read)
			assert.Equal(t, "{}", string(payload))

			for cut := range message {
				_, _, err := parseHeader(message[:cut])
				require.Error(t, err, "cut after %d bytes", cut)
			}
		})
	}
}

func TestHeader_Refused(t *testing.T) {
	fixed := "\x01\x00" + "nodeid" + "epoc" + "sequence"
	with := func(flags byte, rest string) string { return "\x01" + string(flags) + fixed[2:] + rest }
	for name, test := range map[string]struct {
		message string
		err     error
	}{
		"empty":              {"", errVersion},
		"text":               {"hello", errVersion},
		"other version":      {"\x02" + fixed[1:], errVersion},
		"other flag":         {with(4, ""), errFlags},
		"no client":          {with(hasExcept, "fifteen bytes.."), errShort},
		"no target":          {with(hasTarget, "\x00"), errShort},
		"short target":       {with(hasTarget, "\x00\x03{}"), errShort},
		"target is no JSON":  {with(hasTarget, "\x00\x02{]"), errTarget},
		"target of a number": {with(hasTarget, "\x00\x0f"+`{"userIds":[5]}`), errTarget},
		"two lists":          {with(hasTarget, "\x00\x19"+`{"userIds":[],"rooms":[]}`), errTarget},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := parseHeader([]byte(test.message))
			assert.ErrorIs(t, err, test.err)
		})
	}
}

func TestHeader_TargetTooLong(t *testing.T) {
	long := make([]byte, maxTarget)
	for i := range long {
		long[i] = 'x'
	}
	_, err := appendHeader(nil, &header{target: target{Where: string(long)}})
	assert.ErrorIs(t, err, errTargetTooLong)
	_, err = appendHeader(nil, &header{target: target{Where: string(long[:maxTarget-len(`{"where":""}`)])}})
	assert.NoError(t, err)
}

func TestNodeID(t *testing.T) {
	for _, node := range []uint64{0, 1, 0xdecafbad, 1<<48 - 1} {
		read, ok := parseNodeID(nodeID(node))
		assert.True(t, ok)
		assert.Equal(t, node, read)
	}
	for _, text := range []string{"", "3", "0123456789a", "0123456789abc", "0123456789aB", "0123456789ag"} {
		_, ok := parseNodeID(text)
		assert.False(t, ok, text)
	}
	assert.EqualValues(t, 0x010203040506, nodeOf(bus.ClientID{1, 2, 3, 4, 5, 6, 7, 8}))
}

func FuzzHeader(f *testing.F) {
	for _, h := range []header{
		{mark: mark{1, 2, 3}},
		{except: bus.ClientID{1}, target: target{Rooms: []string{"x"}, Where: "anonymous"}},
	} {
		message, err := appendHeader(nil, &h)
		require.NoError(f, err)
		f.Add(append(message, `{"type":"a"}`...))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		h, payload, err := parseHeader(message)
		if err != nil {
			return
		}
		again, err := appendHeader(nil, &h)
		if err == errTargetTooLong { // its JSON had shorter escapes than ours
			return
		}
		require.NoError(t, err)
		read, rest, err := parseHeader(append(again, payload...))
		require.NoError(t, err)
		require.Equal(t, payload, rest)
		require.Equal(t, h.mark, read.mark)
		require.Equal(t, h.except, read.except)
		require.Equal(t, h.target.Where, read.target.Where)
		require.ElementsMatch(t, h.target.UserIDs, read.target.UserIDs)
		require.ElementsMatch(t, h.target.ClientIDs, read.target.ClientIDs)
		require.ElementsMatch(t, h.target.Rooms, read.target.Rooms)
	})
}
