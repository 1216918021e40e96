//go:build torture

package core_test

import (
	"encoding/binary"
	"math/rand/v2"
)

// dice are the random choices of one connection. They follow from the run's
// seed and the connection's number, whatever else goes on.
type dice struct {
	*rand.Rand
	source *rand.ChaCha8
}

func newDice(seed, number uint64) *dice {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	binary.LittleEndian.PutUint64(key[8:], number)
	source := rand.NewChaCha8(key)
	return &dice{rand.New(source), source}
}

func (d *dice) oneIn(n int) bool { return d.IntN(n) == 0 }

// between returns a number from low to high, both included.
func (d *dice) between(low, high int) int { return low + d.IntN(high-low+1) }

func (d *dice) appendRandom(dst []byte, n int) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, n)...)
	_, _ = d.source.Read(dst[start:])
	return dst
}

func pick[T any](d *dice, from []T) T { return from[d.IntN(len(from))] }

// span returns a piece of b, at most so long.
func (d *dice) span(b []byte, most int) (from, to int) {
	if len(b) == 0 {
		return 0, 0
	}
	from = d.IntN(len(b))
	return from, from + d.between(0, min(most, len(b)-from))
}

// syntax is the bytes that parsers turn at.
const syntax = "{}[]\",:\\/0-1.eEtfnu \t\r\n\x00\x01\x7f?&=%#"

// mutate changes b a little, in place where it can. With ascii the result is
// ASCII if b is: text that is to pass as UTF-8 comes through to what is behind.
func (d *dice) mutate(b, other []byte, ascii bool) []byte {
	for range d.between(1, 4) {
		b = d.mutateOnce(b, other, ascii)
	}
	return b
}

func (d *dice) mutateOnce(b, other []byte, ascii bool) []byte {
	if len(b) == 0 {
		return append(b, other...)
	}
	bits := 8
	if ascii {
		bits = 7
	}
	at := d.IntN(len(b))
	switch d.IntN(7) {
	case 0, 1:
		b[at] ^= 1 << d.IntN(bits)
	case 2:
		b[at] = syntax[d.IntN(len(syntax))]
	case 3: // cut a piece out
		from, to := d.span(b, 16)
		b = append(b[:from], b[to:]...)
	case 4: // repeat a piece at the end
		from, to := d.span(b, 64)
		b = append(b, b[from:to]...)
	case 5: // go on as another does
		from, _ := d.span(other, 0)
		b = append(b[:at], other[from:]...)
	case 6: // end early
		b = b[:at]
	}
	return b
}
