package codec

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// feed gives a reader the frames and reads to the end, or to the first frame that is
// whole.
func feed(t *testing.T, r *Reader, b []byte) (whole bool, fragments int) {
	t.Helper()
	_, ok, n, err := r.Next(serverSide, b)
	require.NoError(t, err)
	require.Equal(t, len(b), n)
	return ok, r.TakeFragments()
}

func TestReader_SinceIsOfWhatIsIncomplete(t *testing.T) {
	var r Reader
	since := func() int {
		if at, ok := r.Since(); ok {
			return int(at)
		}
		return -1
	}
	r.SetSince(1)
	assert.Equal(t, -1, since(), "nothing is incomplete")
	message := encode(serverSide, sent{OpText, false, "a"}, sent{OpPing, true, "p"}, sent{OpContinuation, true, "b"})
	second := encode(serverSide, sent{OpText, true, "second"})

	feed(t, &r, message[:1])
	assert.Equal(t, -1, since(), "nothing has been noted")
	r.SetSince(2)
	assert.Equal(t, 2, since())
	whole, _ := feed(t, &r, message[1:14])
	assert.True(t, whole, "the ping")
	assert.Equal(t, 2, since(), "the message is not complete")
	whole, _ = feed(t, &r, message[14:])
	assert.True(t, whole)
	assert.Equal(t, -1, since(), "now it is")

	feed(t, &r, second[:3])
	assert.Equal(t, -1, since(), "another one has begun")
	r.SetSince(0)
	assert.Equal(t, 0, since())
	r.SetSince(4)
	assert.Equal(t, 4, since())
	r.Release()
	assert.Equal(t, -1, since())
}

// Two messages meet in one piece of input: the time of the first is not the second's.
func TestReader_SinceEndsWithItsMessage(t *testing.T) {
	var r Reader
	b := encode(serverSide, sent{OpBinary, true, "first"}, sent{OpBinary, true, "second"})
	feed(t, &r, b[:8])
	r.SetSince(1)
	_, ok, n, err := r.Next(serverSide, b[8:15])
	require.NoError(t, err)
	require.True(t, ok)
	_, ok, _, err = r.Next(serverSide, b[8+n:15])
	require.NoError(t, err)
	require.False(t, ok)
	require.True(t, r.Partial())
	_, noted := r.Since()
	assert.False(t, noted)
}

func TestReader_TakeFragments(t *testing.T) {
	cases := map[string]struct {
		frames []sent
		want   int
	}{
		"whole":            {[]sent{{OpText, true, "a"}}, 0},
		"two":              {[]sent{{OpText, false, "a"}, {OpContinuation, true, "b"}}, 2},
		"empty":            {[]sent{{OpText, false, ""}, {OpContinuation, false, ""}, {OpContinuation, true, ""}}, 3},
		"not complete yet": {[]sent{{OpBinary, false, "a"}, {OpContinuation, false, "b"}}, 2},
		"with others":      {[]sent{{OpText, true, "a"}, {OpText, false, "a"}, {OpPong, true, ""}, {OpPing, true, "p"}, {OpContinuation, true, "b"}, {OpBinary, true, "c"}}, 2},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			b := encode(serverSide, c.frames...)
			for _, chunks := range [][][]byte{{b}, bytewise(b)} {
				var r Reader
				fragments := 0
				for _, chunk := range chunks {
					for more := true; more; {
						var n int
						var err error
						_, more, n, err = r.Next(serverSide, chunk)
						require.NoError(t, err)
						chunk = chunk[n:]
						fragments += r.TakeFragments()
					}
				}
				assert.Equal(t, c.want, fragments)
				assert.Zero(t, r.TakeFragments(), "each is told once")
			}
		})
	}
}
