package codec

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// agree has an inflater and the standard library decompress the same.
func agree(t *testing.T, f *Inflater, payload []byte, why ...any) {
	t.Helper()
	want := inflateOracle(payload, f.limit)
	message, err := f.Inflate(binaryFrame(payload))
	if want == nil {
		require.Error(t, err, why...)
		return
	}
	require.NoError(t, err, why...)
	require.True(t, bytes.Equal(want, message.Payload), why...)
}

// randomCode returns the lengths of a code of n symbols that uses all bits, anywhere
// among so many symbols. The end of the block is one of them where there is one.
func randomCode(random *rand.Rand, n, among, deepest int) []uint8 {
	leaves := []uint8{0}
	for len(leaves) < n {
		i := random.IntN(len(leaves))
		if leaves[i] < uint8(deepest) {
			leaves[i]++
			leaves = append(leaves, leaves[i])
		} else if random.IntN(100) == 0 {
			leaves = []uint8{0} // too deep for so many
		}
	}
	lengths := make([]uint8, among)
	for i, symbol := range random.Perm(among)[:n] {
		lengths[symbol] = leaves[i]
	}
	if among > endOfBlock && lengths[endOfBlock] == 0 {
		for symbol, length := range lengths {
			if length > 0 {
				lengths[endOfBlock], lengths[symbol] = length, 0
				break
			}
		}
	}
	return lengths
}

// RFC 1951 section 3.2.7: codes of any lengths, whole, cut short, and with a bit that is
// wrong.
func TestInflater_RandomCodes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	f := NewInflater(1 << 20)
	for range 50 {
		literals := randomCode(random, 2+random.IntN(250), maxLiterals, 7+random.IntN(9)+2)
		distances := randomCode(random, 2+random.IntN(28), maxDistances, 15)
		w := &blockWriter{}
		for range 1 + random.IntN(2) {
			writeRandom(w, random, literals, distances)
		}
		payload := w.bytes()
		agree(t, f, payload)
		for range 20 {
			agree(t, f, payload[:random.IntN(len(payload))])
			wrong := bytes.Clone(payload)
			wrong[random.IntN(len(wrong))] ^= 1 << random.IntN(8)
			agree(t, f, wrong)
		}
	}
}

// writeRandom writes a block of random symbols, of which lengths refer back as far as
// there is something.
func writeRandom(w *blockWriter, random *rand.Rand, literals, distances []uint8) {
	l, d := w.dynamic(literals, distances)
	written := 0
	for range random.IntN(2000) {
		symbol := random.IntN(maxLiterals)
		if literals[symbol] == 0 || symbol == endOfBlock {
			continue
		}
		if symbol < endOfBlock {
			w.symbol(l, symbol)
			written++
			continue
		}
		far := random.IntN(maxDistances)
		entry := distanceSymbols[far]
		if distances[far] == 0 || entry.value()+1<<entry.extra() > written {
			continue
		}
		w.symbol(l, symbol)
		length := literalSymbols[symbol]
		extra := random.IntN(1 << length.extra())
		w.put(extra, length.extra())
		w.symbol(d, far)
		w.put(random.IntN(1<<entry.extra()), entry.extra())
		written += length.value() + extra
	}
	w.symbol(l, endOfBlock)
}

// RFC 1951 sections 3.2.2 and 3.2.7: which codes there can be.
func TestInflater_Codes(t *testing.T) {
	lit := func(pairs ...int) []uint8 { return append(lengthsOf(pairs...), make([]uint8, 257)...)[:257] }
	end := func(lengths []uint8, length uint8) []uint8 {
		lengths[endOfBlock] = length
		return lengths
	}
	for _, tt := range []struct {
		name                string
		literals, distances []uint8
		good                bool
	}{
		{"the end only", lone(), []uint8{1}, true},
		{"no distance", lone(), []uint8{0}, true},
		{"one distance of two bits", lone(), []uint8{2}, false},
		{"the end only, of two bits", end(lit(), 2), []uint8{1}, false},
		{"two of one bit", end(lit(1, 1), 1), []uint8{1, 1}, true},
		{"three of one bit", end(lit(1, 2), 1), []uint8{1}, false},
		{"three distances of one bit", lone(), []uint8{1, 1, 1}, false},
		{"one bit is not used", end(lit(2, 2), 2), []uint8{1}, false},
		{"a distance's bit is not used", lone(), []uint8{2, 2, 2}, false},
		{"15 bits", end(lit(1, 1, 2, 1, 3, 1, 4, 1, 5, 1, 6, 1, 7, 1, 8, 1, 9, 1, 10, 1, 11, 1, 12, 1, 13, 1, 14, 1, 15, 1), 15), []uint8{1}, true},
		{"15 bits, one short", end(lit(1, 1, 2, 1, 3, 1, 4, 1, 5, 1, 6, 1, 7, 1, 8, 1, 9, 1, 10, 1, 11, 1, 12, 1, 13, 1, 14, 1), 15), []uint8{1}, false},
		{"all literals", lengthsOf(8, 226, 9, 60), lengthsOf(4, 2, 5, 28), true},
		{"287 literals", append(lone(), make([]uint8, 30)...), []uint8{1}, false},
		{"31 distances", lone(), lengthsOf(5, 31), false},
		{"32 distances", lone(), lengthsOf(5, 32), false},
	} {
		w := &blockWriter{}
		w.codes(tt.literals, tt.distances)
		payload := w.bytes()
		_, err := NewInflater(100).Inflate(binaryFrame(payload))
		require.Equal(t, tt.good, err == nil, tt.name)
		require.Equal(t, tt.good, inflateOracle(payload, 100) != nil, "%s: as the standard library has it", tt.name)
	}
}

// RFC 1951 section 3.2.6: symbols that the fixed codes have, and no message may.
func TestInflater_SymbolsThatDoNotOccur(t *testing.T) {
	literals := append(lengthsOf(8, 144, 9, 112, 7, 24), lengthsOf(8, 8)...)
	l, d := newTestCode(literals), newTestCode(lengthsOf(5, 32))
	for length := 280; length < 288; length++ {
		for distance := range 32 {
			w := &blockWriter{}
			w.put(0, 1)
			w.put(blockFixed, 2)
			for range 5 {
				w.symbol(l, 'a')
			}
			w.symbol(l, length)
			if length < maxLiterals {
				w.put(0, literalSymbols[length].extra())
			}
			w.symbol(d, distance)
			w.put(0, distanceSymbols[distance].extra())
			w.symbol(l, endOfBlock)
			payload := w.bytes()
			_, err := NewInflater(1000).Inflate(binaryFrame(payload))
			require.Equal(t, length < maxLiterals && distance < 5, err == nil, "%d, %d", length, distance)
			agree(t, NewInflater(1000), payload)
		}
	}
}

// A final block the end of which would be one bit behind the tail is cut short.
func TestInflater_EndsWithinTheTail(t *testing.T) {
	lengths := append(lone(), 2)
	lengths['a'], lengths[endOfBlock] = 1, 2 // 0, 10, and 11 is a length
	for before := 1; before < 20; before++ {
		w := &blockWriter{}
		code, _ := w.dynamic(lengths, []uint8{1, 1})
		for range before {
			w.symbol(code, 'a')
		}
		w.align()
		w.out[0] |= 1
		require.Nil(t, inflateOracle(w.out, 1000))
		_, err := NewInflater(1000).Inflate(binaryFrame(w.out))
		require.Equal(t, ErrBadDeflate, err)
	}
}

// Nothing of a block's codes is left for the next one.
func TestInflater_CodesAreForgotten(t *testing.T) {
	two := lone()
	two['a'] = 1
	w := &blockWriter{}
	w.codes(two, []uint8{1}, 'a')
	w.dynamic(lone(), []uint8{1})
	w.put(1, 1) // no code
	w.put(0, 1)
	payload := w.bytes()
	require.Nil(t, inflateOracle(payload, 1000))
	_, err := NewInflater(1000).Inflate(binaryFrame(payload))
	require.Equal(t, ErrBadDeflate, err)
}
