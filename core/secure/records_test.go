package secure_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core/secure"
	"github.com/gannet-ws/gannet/core/secure/byhand"
)

// feeder is a connection whose handshake is over, to which records are lent as they
// are made.
type feeder struct {
	t      *testing.T
	conn   *secure.Conn
	up     *byhand.Keys
	opened []byte
}

func newFeeder(t *testing.T) *feeder {
	t.Helper()
	serverConfig, clientConfig := configs(t)
	s, far := newServer(t, serverConfig)
	from := make(chan arrived, 1000)
	go s.readTo(from)
	shaken := make(chan error, 1)
	go func() { shaken <- s.shake(secure.NewHandshakes(1), from) }()
	up, _ := handMade(t, far, clientConfig)
	require.NoError(t, <-shaken)
	s.conn.Settle(&s.out)
	return &feeder{t, s.conn, up, make([]byte, 64<<10)}
}

func (f *feeder) update() []byte {
	record, err := f.up.Update(true)
	require.NoError(f.t, err)
	return record
}

func (f *feeder) data(content string) []byte { return f.up.Record(byhand.Data, []byte(content)) }

// feed lends records in pieces of so many bytes, and returns how much data they had.
func (f *feeder) feed(records []byte, piece int) (data int) {
	for part := range slices.Chunk(records, piece) {
		f.conn.Lend(part)
		n, err := f.conn.Open(f.opened)
		require.NoError(f.t, err)
		f.conn.Own()
		data += n
	}
	return data
}

func TestConn_Overdrawn(t *testing.T) {
	const never = -1
	cases := map[string]struct {
		frames int // that each round is worth
		round  func(f *feeder) []byte
		after  int // rounds
	}{
		"an update of keys and a byte":      {0, func(f *feeder) []byte { return append(f.update(), f.data("x")...) }, 66},
		"an update of keys and a message":   {1, func(f *feeder) []byte { return append(f.update(), f.data("x")...) }, 66},
		"an empty record and a message":     {1, func(f *feeder) []byte { return append(f.data(""), f.data("x")...) }, 66},
		"a byte":                            {0, func(f *feeder) []byte { return f.data("x") }, 4162},
		"64 bytes":                          {0, func(f *feeder) []byte { return f.data(string(noise(64))) }, never},
		"200 bytes":                         {0, func(f *feeder) []byte { return f.data(string(noise(200))) }, never},
		"a message":                         {1, func(f *feeder) []byte { return f.data("x") }, never},
		"a message in four":                 {1, func(f *feeder) []byte { return slices.Concat(f.data("1"), f.data("2"), f.data("3"), f.data("4")) }, never},
		"an update of keys and 64 messages": {64, updateAnd64, never},
	}
	for name, tt := range cases {
		for _, piece := range []int{64 << 10, 7} {
			t.Run(fmt.Sprint(name, "/", piece), func(t *testing.T) {
				f := newFeeder(t)
				rounds := 0
				for rounds < 5000/max(1, tt.frames) && !f.conn.Overdrawn() {
					f.feed(tt.round(f), piece)
					f.conn.Earn(tt.frames)
					rounds++
				}
				if tt.after == never {
					require.False(t, f.conn.Overdrawn(), rounds)
					return
				}
				require.Equal(t, tt.after, rounds)
			})
		}
	}
}

// A record is one, in however many pieces its data is taken.
func TestConn_RecordsTakenInPieces(t *testing.T) {
	f := newFeeder(t)
	f.opened = make([]byte, 10)
	rounds := 0
	for ; rounds < 100 && !f.conn.Overdrawn(); rounds++ {
		f.feed(append(f.update(), f.data(string(noise(100)))...), 64<<10)
		for n := len(f.opened); n == len(f.opened) && !f.conn.Overdrawn(); {
			var err error
			n, err = f.conn.Open(f.opened)
			require.NoError(t, err)
		}
	}
	require.Equal(t, 66, rounds)
}

// However much it has sent before, a peer has saved no more than there is at first.
func TestConn_SavesNoMore(t *testing.T) {
	for name, tt := range map[string]struct {
		round func(f *feeder) []byte
		after int
	}{
		"an update of keys and a byte": {func(f *feeder) []byte { return append(f.update(), f.data("x")...) }, 66},
		"a byte":                       {func(f *feeder) []byte { return f.data("x") }, 4162},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFeeder(t)
			large := string(noise(10_000))
			for range 5000 {
				f.feed(f.data("x"), 64<<10)
				f.conn.Earn(1)
			}
			for range 50 {
				f.feed(f.data(large), 64<<10)
			}
			require.False(t, f.conn.Overdrawn())
			rounds := 0
			for ; rounds < 2*tt.after && !f.conn.Overdrawn(); rounds++ {
				f.feed(tt.round(f), 64<<10)
			}
			require.Equal(t, tt.after, rounds)
		})
	}
}

func updateAnd64(f *feeder) []byte {
	records := f.update()
	for range 64 {
		records = append(records, f.data("x")...)
	}
	return records
}

// What an overdrawn peer has sent beyond that is not looked at.
func TestConn_OverdrawnIsNotOpened(t *testing.T) {
	f := newFeeder(t)
	var records []byte
	for range 200 {
		records = append(append(records, f.update()...), f.data("x")...)
	}
	require.Equal(t, 66, f.feed(records, len(records)))
	require.True(t, f.conn.Overdrawn())
	require.Zero(t, f.feed(f.data("more"), 1<<10))
}
