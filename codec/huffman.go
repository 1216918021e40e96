package codec

import "math/bits"

// A Huffman code, RFC 1951 section 3.2.2, is a table that the next bits are the
// index of. Codes longer than the table's own bits go on in a table of their prefix,
// which stands behind. Tables are as small as their codes let them be: a block
// with few codes must not cost what one with many does.

// huffmanEntry is what the bits stand for: the value in the upper half, below it
// its kind, the extra bits that follow, and the length of the code. Zero is no code.
type huffmanEntry uint32

const (
	entryLiteral huffmanEntry = 1 << 15
	entryEnd     huffmanEntry = 1 << 14 // of the block
	entryLink    huffmanEntry = 1 << 13 // the value is where the table of the prefix is, the extra bits are its index

	entryValueShift = 16
	entryExtraShift = 8
	entryLengthMask = 31
	entryExtraMask  = 15

	maxCodeLength = 15
)

func (e huffmanEntry) length() int { return int(e & entryLengthMask) }
func (e huffmanEntry) extra() int  { return int(e >> entryExtraShift & entryExtraMask) }
func (e huffmanEntry) value() int  { return int(e >> entryValueShift) }

// with returns the value with its extra bits, which come next.
func (e huffmanEntry) with(next uint64) int { return e.value() + e.index(next) }

// index returns the value of the extra bits, or, of a link, the index in its table.
func (e huffmanEntry) index(next uint64) int { return int(next & (1<<e.extra() - 1)) }

// huffmanCode is what is to know of a table.
type huffmanCode struct {
	bits    int // that index it
	symbols int // that have a code
}

// buildHuffman fills the table with the code of these lengths, indexed by maxBits or
// less. The symbols say what their codes stand for. It reports false for lengths of
// which there is no code, or none that uses all bits; but a single code of one bit may
// stand alone, and no code at all is one, too.
//
// The table must hold the largest code: of 288 symbols, with maxBits of 10, 1,334
// entries, of 32, with 8, 402, as enough.c of zlib counts them.
func buildHuffman(table []huffmanEntry, maxBits int, lengths []uint8, symbols []huffmanEntry) (code huffmanCode, ok bool) {
	var count [maxCodeLength + 1]int
	for _, length := range lengths {
		count[length&maxCodeLength]++
	}
	count[0] = 0
	longest, used, left := 0, 0, 1
	for length, n := range count[1:] {
		left = left<<1 - n
		if left < 0 {
			return code, false
		}
		if n > 0 {
			longest, used = length+1, used+n
		}
	}
	switch {
	case left > 0 && (longest > 1 || used > 1):
		return code, false
	case left > 0: // one code or none: what is not filled is no code
		longest, table[0], table[1] = 1, 0, 0
	}
	code = huffmanCode{bits: min(maxBits, longest), symbols: used}
	var order [maxLiterals + maxDistances]uint16
	sortByLength(order[:used], lengths, &count)
	fillHuffman(table, code.bits, longest, order[:used], lengths, symbols, &count)
	return code, true
}

// sortByLength puts the symbols that have a code in the order of their codes.
func sortByLength(order []uint16, lengths []uint8, count *[maxCodeLength + 1]int) {
	var next [maxCodeLength + 1]int
	for length := 1; length < maxCodeLength; length++ {
		next[length+1] = next[length] + count[length]
	}
	for symbol, length := range lengths {
		if length > 0 {
			order[next[length&maxCodeLength]] = uint16(symbol)
			next[length&maxCodeLength]++
		}
	}
}

// fillHuffman fills the table with the codes, which it uses up the count of.
func fillHuffman(table []huffmanEntry, tableBits, longest int, order []uint16, lengths []uint8, symbols []huffmanEntry, count *[maxCodeLength + 1]int) {
	code := 0                          // its first bit is the lowest
	end, prefix := 1<<tableBits, -1    // of the tables so far; of the last one
	main, sub := table[:end], table[:] // sub is that of the prefix
	for _, symbol := range order {
		length := int(lengths[symbol])
		if length <= tableBits {
			spread(main, symbols[symbol]|huffmanEntry(length), code, length)
		} else {
			if code&(len(main)-1) != prefix {
				prefix = code & (len(main) - 1)
				subBits := prefixBits(length-tableBits, tableBits, longest, count)
				main[prefix] = link(end, subBits, tableBits)
				sub = table[end : end+1<<subBits]
				end += len(sub)
			}
			spread(sub, symbols[symbol]|huffmanEntry(length), code>>tableBits, length-tableBits)
		}
		count[length]--
		code = nextCode(code, length)
	}
}

// spread puts the entry wherever the index begins with so many bits of the code.
func spread(table []huffmanEntry, entry huffmanEntry, code, length int) {
	for step := 1 << length; code < len(table); code += step {
		table[code] = entry
	}
}

// link is the entry of a prefix of tableBits, the table of which begins at an entry.
func link(at, bits, tableBits int) huffmanEntry {
	return huffmanEntry(at)<<entryValueShift | entryLink | huffmanEntry(bits)<<entryExtraShift | huffmanEntry(tableBits)
}

// prefixBits returns the bits that the table of a prefix is indexed by, the shortest
// code of which has so many behind the prefix.
func prefixBits(n, tableBits, longest int, count *[maxCodeLength + 1]int) int {
	left := 1 << n
	for n+tableBits < longest {
		left -= count[n+tableBits]
		if left <= 0 {
			break
		}
		left <<= 1
		n++
	}
	return n
}

// nextCode returns the code that follows, as its last bit is the highest.
func nextCode(code, length int) int {
	ones := bits.LeadingZeros32(^uint32(code << (32 - length)))
	if ones == length {
		return 0
	}
	bit := 1 << (length - 1 - ones)
	return code&(bit-1) | bit
}
