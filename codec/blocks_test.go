package codec

import "math/bits"

// blockWriter writes blocks as no compressor would, RFC 1951 section 3.2.3.
type blockWriter struct {
	out  []byte
	bits uint64
	n    int
}

// put writes a number, the lowest bit first.
func (w *blockWriter) put(value, n int) {
	w.bits |= uint64(value) << w.n
	for w.n += n; w.n >= 8; w.n -= 8 {
		w.out = append(w.out, byte(w.bits))
		w.bits >>= 8
	}
}

// align goes on at the next whole byte.
func (w *blockWriter) align() { w.put(0, (8-w.n)%8) }

// bytes returns what has been written, with an empty block at its end of which the
// inflater's tail is the rest.
func (w *blockWriter) bytes() []byte {
	w.put(0, 3)
	w.align()
	return w.out
}

// blocksOf is a message of at least so many compressed bytes.
func blocksOf(size int, block func(*blockWriter)) []byte {
	w := &blockWriter{}
	for len(w.out) < size {
		block(w)
	}
	return w.bytes()
}

// stored is an empty block without compression.
func (w *blockWriter) stored() {
	w.put(0, 3)
	w.align()
	w.put(0xffff0000, 32)
}

// fixed is an empty block with the fixed codes.
func (w *blockWriter) fixed(final bool) {
	if final {
		w.put(1, 1)
	} else {
		w.put(0, 1)
	}
	w.put(blockFixed, 2)
	w.put(0, 7)
}

// codes is a block with codes of these lengths, and some literals.
func (w *blockWriter) codes(literals, distances []uint8, text ...byte) {
	code, _ := w.dynamic(literals, distances)
	for _, c := range text {
		w.symbol(code, int(c))
	}
	w.symbol(code, endOfBlock)
}

// testCode is the code of each symbol, its first bit the lowest.
type testCode struct {
	lengths []uint8
	codes   []int
}

func newTestCode(lengths []uint8) testCode {
	c := testCode{lengths: lengths, codes: make([]int, len(lengths))}
	next := 0
	for length := 1; length <= 15; length++ {
		for symbol, l := range lengths {
			if int(l) == length {
				c.codes[symbol] = int(bits.Reverse16(uint16(next)) >> (16 - length))
				next++
			}
		}
		next <<= 1
	}
	return c
}

func (w *blockWriter) symbol(c testCode, symbol int) { w.put(c.codes[symbol], int(c.lengths[symbol])) }

// run is a symbol of the code lengths' code, and its extra bits.
type run struct{ symbol, extra, n int }

// runs says lengths as briefly as can be.
func runs(lengths []uint8) (all []run) {
	for i := 0; i < len(lengths); {
		same := 1
		for i+same < len(lengths) && lengths[i+same] == lengths[i] {
			same++
		}
		switch {
		case lengths[i] == 0 && same > 10:
			same = min(same, 138)
			all = append(all, run{18, same - 11, 7})
		case lengths[i] == 0 && same > 2:
			all = append(all, run{17, same - 3, 3})
		case i > 0 && lengths[i] == lengths[i-1] && same > 2:
			same = min(same, 6)
			all = append(all, run{16, same - 3, 2})
		default:
			same = 1
			all = append(all, run{int(lengths[i]), 0, 0})
		}
		i += same
	}
	return all
}

// dynamic begins a block with codes of these lengths, and returns the codes.
func (w *blockWriter) dynamic(literals, distances []uint8) (testCode, testCode) {
	all := runs(append(append([]uint8{}, literals...), distances...))
	lengths := make([]uint8, codeLengths)
	var used []int
	for _, r := range all {
		if lengths[r.symbol] == 0 {
			lengths[r.symbol] = 1
			used = append(used, r.symbol)
		}
	}
	for i, symbol := range used {
		lengths[symbol] = uint8(min(i+1, max(len(used)-1, 1)))
	}
	if len(used) > 8 { // 13 of 4 bits and 6 of 5 are a whole code
		for symbol := range lengths {
			lengths[symbol] = 4
			if symbol >= 13 {
				lengths[symbol] = 5
			}
		}
	}
	code, n := newTestCode(lengths), codeLengths
	for n > 4 && lengths[lengthOrder[n-1]] == 0 {
		n--
	}
	w.put(0, 1)
	w.put(blockDynamic, 2)
	w.put(len(literals)-257, 5)
	w.put(len(distances)-1, 5)
	w.put(n-4, 4)
	for _, symbol := range lengthOrder[:n] {
		w.put(int(lengths[symbol]), 3)
	}
	for _, r := range all {
		w.symbol(code, r.symbol)
		w.put(r.extra, r.n)
	}
	return newTestCode(literals), newTestCode(distances)
}

// lengthsOf are lengths of codes: a length, how often it comes, the next.
func lengthsOf(lengths ...int) (all []uint8) {
	for i := 0; i < len(lengths); i += 2 {
		for range lengths[i+1] {
			all = append(all, uint8(lengths[i]))
		}
	}
	return all
}

// lone are the lengths of a code that has the end of the block only.
func lone() []uint8 {
	lengths := make([]uint8, 257)
	lengths[endOfBlock] = 1
	return lengths
}
