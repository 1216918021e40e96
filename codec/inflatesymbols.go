package codec

import "encoding/binary"

// inflateSymbols adds to the output what the symbols of a block stand for, RFC 1951
// section 3.2.3. Its variables are a copy of the inflater's and its stream's: this is
// where decompression spends its time.
func (f *Inflater) inflateSymbols(codes *blockCodes) error {
	in, end, at, bits, n := f.stream.in, f.stream.end, f.stream.at, f.stream.bits, f.stream.n
	out, size := f.output[:cap(f.output)], len(f.output)
	for {
		if n < longestSymbol {
			if at <= end { // as load does
				bits |= binary.LittleEndian.Uint64(in[at:]) << n
				at += (63 - n) >> 3
				n |= loadedBits
			} else if at-n>>3 > end {
				return ErrBadDeflate
			}
		}
		entry := codes.literal(bits)
		bits >>= entry.length()
		n -= entry.length()
		if entry&entryLiteral != 0 {
			if size == len(out) {
				if out = f.enlarge(size, 1); out == nil {
					return ErrMessageTooBig
				}
			}
			out[size] = byte(entry.value())
			size++
			continue
		}
		if entry&entryEnd != 0 {
			break
		}
		length := entry.with(bits)
		bits >>= entry.extra()
		n -= entry.extra()
		entry = codes.distance(bits)
		bits >>= entry.length()
		n -= entry.length()
		distance := entry.with(bits)
		bits >>= entry.extra()
		n -= entry.extra()
		if length == 0 || distance == 0 || distance > size-f.first {
			return ErrBadDeflate
		}
		if length > len(out)-size {
			if out = f.enlarge(size, length); out == nil {
				return ErrMessageTooBig
			}
		}
		repeat(out[:size+length], size, distance)
		size += length
	}
	f.stream.at, f.stream.bits, f.stream.n = at, bits, n
	f.output = out[:size]
	return nil
}

// longestSymbol is the most bits that a symbol takes, with its extra bits and those of
// a distance.
const longestSymbol = 15 + 5 + 15 + 13

// enlarge makes room behind size bytes of output for n more. Nil: the message would
// be too big.
func (f *Inflater) enlarge(size, n int) []byte {
	f.output = f.output[:size]
	if !f.reserve(n) {
		return nil
	}
	return f.output[:cap(f.output)]
}

// repeat fills out from at with what stands distance bytes in front of each byte. What
// has been repeated is repeated, too.
func repeat(out []byte, at, distance int) {
	first := at - distance
	for at < len(out) {
		at += copy(out[at:], out[first:at])
	}
}
