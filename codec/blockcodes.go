package codec

// The codes of a compressed block, RFC 1951 sections 3.2.5 to 3.2.7.

const (
	maxLiterals  = 286 // literals, the end of the block, lengths
	maxDistances = 30
	codeLengths  = 19 // symbols of the code that the lengths of the others' codes are in

	literalBits    = 10
	distanceBits   = 8
	codeLengthBits = 7

	literalMask  = 1<<11 - 1
	distanceMask = 1<<9 - 1

	endOfBlock = 256
)

// blockCodes are what a block is compressed with. The tables' sizes are powers of two,
// so that an index needs no check.
type blockCodes struct {
	literals      [literalMask + 1]huffmanEntry
	distances     [distanceMask + 1]huffmanEntry
	literalIndex  uint64 // the bits that index it
	distanceIndex uint64
	symbols       int // that have a code
}

// literal returns what the next bits stand for: a literal, the end of the block, or a
// length.
func (c *blockCodes) literal(next uint64) huffmanEntry {
	entry := c.literals[next&c.literalIndex&literalMask]
	if entry&entryLink != 0 {
		entry = c.literals[(entry.value()+entry.index(next>>literalBits))&literalMask]
	}
	return entry
}

// distance returns which distance the next bits stand for.
func (c *blockCodes) distance(next uint64) huffmanEntry {
	entry := c.distances[next&c.distanceIndex&distanceMask]
	if entry&entryLink != 0 {
		entry = c.distances[(entry.value()+entry.index(next>>distanceBits))&distanceMask]
	}
	return entry
}

// build makes tables of the codes' lengths.
func (c *blockCodes) build(literals, distances []uint8) bool {
	l, ok := buildHuffman(c.literals[:], literalBits, literals, literalSymbols[:])
	if !ok {
		return false
	}
	d, ok := buildHuffman(c.distances[:], distanceBits, distances, distanceSymbols[:])
	c.literalIndex, c.distanceIndex, c.symbols = 1<<l.bits-1, 1<<d.bits-1, l.symbols+d.symbols
	return ok
}

// What the symbols stand for. Of lengths and distances, zero is one that must not
// occur.
var (
	literalSymbols    = newLiteralSymbols()
	distanceSymbols   = newDistanceSymbols()
	codeLengthSymbols = newCodeLengthSymbols()
)

func newLiteralSymbols() (symbols [maxLiterals + 2]huffmanEntry) {
	for i := range endOfBlock {
		symbols[i] = huffmanEntry(i)<<entryValueShift | entryLiteral
	}
	symbols[endOfBlock] = entryEnd
	for i := range 28 {
		symbols[endOfBlock+1+i] = stepped(i, 4, 3)
	}
	symbols[maxLiterals-1] = 258 << entryValueShift
	return symbols
}

func newDistanceSymbols() (symbols [maxDistances + 2]huffmanEntry) {
	for i := range maxDistances {
		symbols[i] = stepped(i, 2, 1)
	}
	return symbols
}

func newCodeLengthSymbols() (symbols [codeLengths]huffmanEntry) {
	for i := range symbols {
		symbols[i] = huffmanEntry(i) << entryValueShift
	}
	return symbols
}

// stepped is the entry of a length or a distance: the symbols come in groups, each
// with twice the step of the one before it.
func stepped(symbol, group, least int) huffmanEntry {
	if symbol < 2*group {
		return huffmanEntry(least+symbol) << entryValueShift
	}
	extra := symbol/group - 1
	value := least + (group+symbol%group)<<extra
	return huffmanEntry(value)<<entryValueShift | huffmanEntry(extra)<<entryExtraShift
}

// fixedCodes are those of the blocks that bring none.
var fixedCodes = newFixedCodes()

func newFixedCodes() *blockCodes {
	var literals [maxLiterals + 2]uint8
	for i := range literals {
		switch {
		case i < 144, i >= 280:
			literals[i] = 8
		case i < endOfBlock:
			literals[i] = 9
		default:
			literals[i] = 7
		}
	}
	var distances [maxDistances + 2]uint8
	for i := range distances {
		distances[i] = 5
	}
	codes := &blockCodes{}
	codes.build(literals[:], distances[:])
	return codes
}

// codeReader reads the codes of the blocks that bring them.
type codeReader struct {
	codes   blockCodes
	table   [1 << codeLengthBits]huffmanEntry
	lengths [maxLiterals + maxDistances]uint8
}

// lengthOrder is the order in which the lengths of the code lengths' codes come.
var lengthOrder = [codeLengths]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// read reads the codes in front of a block, RFC 1951 section 3.2.7, which are the
// reader's until it reads others. Nil: there are none.
func (r *codeReader) read(s *bitstream) *blockCodes {
	s.load()
	literals, distances, n := s.take(5)+257, s.take(5)+1, s.take(4)+4
	if literals > maxLiterals || distances > maxDistances {
		return nil
	}
	var lengths [codeLengths]uint8
	for _, symbol := range lengthOrder[:n] {
		if s.n < 3 {
			s.load()
		}
		lengths[symbol] = uint8(s.take(3))
	}
	code, ok := buildHuffman(r.table[:], codeLengthBits, lengths[:], codeLengthSymbols[:])
	if !ok || !r.readLengths(s, code.bits, r.lengths[:literals+distances]) {
		return nil
	}
	if !r.codes.build(r.lengths[:literals], r.lengths[literals:literals+distances]) {
		return nil
	}
	return &r.codes
}

// readLengths reads the lengths of the codes, which are in a code of their own.
func (r *codeReader) readLengths(s *bitstream, tableBits int, lengths []uint8) (ok bool) {
	for i := 0; i < len(lengths); {
		if s.n < codeLengthBits+7 {
			s.load()
		}
		entry := r.table[s.bits&(1<<tableBits-1)]
		if entry.length() == 0 || s.past() {
			return false
		}
		s.take(entry.length())
		symbol := entry.value()
		if symbol < 16 {
			lengths[i] = uint8(symbol)
			i++
			continue
		}
		repeated, times := uint8(0), 0
		switch {
		case symbol == 18:
			times = 11 + s.take(7)
		case symbol == 17:
			times = 3 + s.take(3)
		case i > 0:
			repeated, times = lengths[i-1], 3+s.take(2)
		default:
			return false
		}
		if times > len(lengths)-i {
			return false
		}
		for range times {
			lengths[i] = repeated
			i++
		}
	}
	return true
}
