package codec

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	deflatedServerSide = &ReaderConfig{MaxMessage: 1 << 20, Deflate: true}
	deflatedClientSide = &ReaderConfig{MaxMessage: 1 << 20, Deflate: true, Client: true}
)

// marked encodes frames, and sets reserved bits of the first.
func marked(cfg *ReaderConfig, bits byte, frames ...sent) []byte {
	stream := encode(cfg, frames...)
	stream[0] |= bits
	return stream
}

// inflateAll is readAll for a peer that compresses.
func inflateAll(cfg *ReaderConfig, chunks ...[]byte) (events []event, r *Reader, err error) {
	r = &Reader{}
	inflater := NewInflater(cfg.MaxMessage)
	for _, chunk := range chunks {
		in := bytes.Clone(chunk)
		for {
			f, ok, n, err := r.Next(cfg, in)
			if err == nil && ok && f.Compressed {
				f, err = inflater.Inflate(f)
			}
			if err != nil {
				return events, r, err
			}
			if !ok {
				break
			}
			in = in[n:]
			events = append(events, event{f.Opcode, string(f.Payload)})
		}
	}
	return events, r, nil
}

// A compressed message, in one frame or in fragments of any size, between others
// and with control frames inside, comes out wherever the bytes are cut.
func TestReader_CompressedSplitAtEveryByte(t *testing.T) {
	text := strings.Repeat("é日😀 and more, ", 30)
	payload := pressed(text)
	for _, cfg := range []*ReaderConfig{deflatedServerSide, deflatedClientSide} {
		var b []byte
		var want []event
		add := func(stream []byte, events ...event) {
			b, want = append(b, stream...), append(want, events...)
		}
		add(marked(cfg, rsv1, sent{OpText, true, payload}), event{OpText, text})
		add(encode(cfg, sent{OpText, true, "plain é"}), event{OpText, "plain é"})
		for _, size := range []int{0, 1, 5, len(payload) - 1, len(payload)} {
			add(
				marked(cfg, rsv1, sent{OpBinary, false, payload[:size]}, sent{OpPing, true, "p"}, sent{OpContinuation, true, payload[size:]}),
				event{OpPing, "p"}, event{OpBinary, text},
			)
		}
		add(marked(cfg, rsv1, sent{OpText, false, payload[:3]}, sent{OpContinuation, false, ""}, sent{OpContinuation, true, payload[3:]}), event{OpText, text})
		add(encode(cfg, sent{OpText, false, "pl\xc3"}, sent{OpContinuation, true, "\xa9in"}), event{OpText, "pléin"})
		add(marked(cfg, rsv1, sent{OpText, true, ""}), event{OpText, ""})
		for cut := range len(b) + 1 {
			got, r, err := inflateAll(cfg, b[:cut], b[cut:])
			require.NoError(t, err, "cut at %d", cut)
			require.Equal(t, want, got, "cut at %d", cut)
			require.Nil(t, r.partial, "cut at %d", cut)
		}
		got, _, err := inflateAll(cfg, bytewise(b)...)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

// Which reserved bits a frame may have where, RFC 7692 section 6.
func TestReader_ReservedBits(t *testing.T) {
	fragment := func(cfg *ReaderConfig, bits byte) []byte { return marked(cfg, bits, sent{OpText, false, "a"}) }
	for name, cfg := range map[string]*ReaderConfig{"server": deflatedServerSide, "client": deflatedClientSide} {
		plain := &ReaderConfig{MaxMessage: cfg.MaxMessage, Client: cfg.Client}
		tests := []struct {
			name string
			cfg  *ReaderConfig
			in   []byte
		}{
			{"not negotiated", plain, marked(cfg, rsv1, sent{OpText, true, "a"})},
			{"not negotiated, fragment", plain, fragment(cfg, rsv1)},
			{"not negotiated, binary", plain, marked(cfg, rsv1, sent{OpBinary, true, ""})},
			{"RSV2", cfg, marked(cfg, 0x20, sent{OpText, true, "a"})},
			{"RSV3", cfg, marked(cfg, 0x10, sent{OpText, true, "a"})},
			{"RSV1 and RSV2", cfg, marked(cfg, 0x60, sent{OpText, true, "a"})},
			{"all", cfg, marked(cfg, 0x70, sent{OpBinary, true, "a"})},
			{"ping", cfg, marked(cfg, rsv1, sent{OpPing, true, "a"})},
			{"pong", cfg, marked(cfg, rsv1, sent{OpPong, true, ""})},
			{"close", cfg, marked(cfg, rsv1, sent{OpClose, true, ""})},
			{"continuation of a plain message", cfg, append(fragment(cfg, 0), marked(cfg, rsv1, sent{OpContinuation, true, "a"})...)},
			{"continuation of a compressed message", cfg, append(fragment(cfg, rsv1), marked(cfg, rsv1, sent{OpContinuation, true, "a"})...)},
			{"ping within a compressed message", cfg, append(fragment(cfg, rsv1), marked(cfg, rsv1, sent{OpPing, true, ""})...)},
			{"lone continuation", cfg, marked(cfg, rsv1, sent{OpContinuation, true, ""})},
		}
		for _, tt := range tests {
			for cut := range len(tt.in) + 1 {
				_, r, err := readAll(tt.cfg, tt.in[:cut], tt.in[cut:])
				require.Equal(t, ErrReservedBits, err, "%s, %s, cut at %d", name, tt.name, cut)
				require.Nil(t, r.partial)
			}
		}
		_, _, err := readAll(cfg, append(fragment(cfg, rsv1), fragment(cfg, rsv1)...))
		require.Equal(t, ErrExpectedContinuation, err)
	}
}

// The limit is that of the message, and what cannot be compressed may be a little
// longer on the wire.
func TestReader_CompressedLimit(t *testing.T) {
	for _, limit := range []int{1, 1000, 100_000} {
		noise := make([]byte, limit)
		_, _ = rand.NewChaCha8([32]byte{5}).Read(noise)
		cfg := &ReaderConfig{MaxMessage: limit, Deflate: true}
		payload := pressed(string(noise))
		half := len(payload) / 2
		for _, stream := range [][]byte{
			marked(cfg, rsv1, sent{OpBinary, true, payload}),
			marked(cfg, rsv1, sent{OpBinary, false, payload[:half]}, sent{OpContinuation, true, payload[half:]}),
		} {
			for _, cut := range []int{0, 1, len(stream) / 3, len(stream) - 1} {
				got, _, err := inflateAll(cfg, stream[:cut], stream[cut:])
				require.NoError(t, err)
				require.Equal(t, []event{{OpBinary, string(noise)}}, got)
			}
		}
		for _, tooLong := range [][]byte{
			marked(cfg, rsv1, sent{OpBinary, true, strings.Repeat("a", limit+limit/1024+65)}),
			marked(cfg, rsv1, sent{OpBinary, false, "a"}, sent{OpContinuation, true, strings.Repeat("a", limit+limit/1024+64)}),
			encode(cfg, sent{OpBinary, true, strings.Repeat("a", limit+1)}),
			encode(cfg, sent{OpBinary, false, "a"}, sent{OpContinuation, true, strings.Repeat("a", limit)}),
		} {
			_, _, err := readAll(cfg, tooLong)
			require.Equal(t, ErrMessageTooBig, err, fmt.Sprint(limit))
		}
	}
}

func TestReader_CompressedNoAllocs(t *testing.T) {
	stream := marked(deflatedServerSide, rsv1, sent{OpText, true, pressed(strings.Repeat("hello ", 20))})
	in := make([]byte, len(stream))
	var r Reader
	inflater := NewInflater(1 << 20)
	noAllocs(t, func() {
		copy(in, stream)
		f, _, n, _ := r.Next(deflatedServerSide, in)
		if message, err := inflater.Inflate(f); err != nil || len(message.Payload) != 120 {
			t.Fatal(err)
		}
		_, _, _, _ = r.Next(deflatedServerSide, in[n:])
	})
}
