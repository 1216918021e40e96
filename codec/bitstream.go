package codec

import "encoding/binary"

// bitstream reads numbers of up to 48 bits from compressed bytes, RFC 1951 section
// 3.1.1. Behind the end it reads zeros; past tells.
type bitstream struct {
	in   []byte // the bytes, and bitPadding more
	end  int    // where the bytes end
	at   int    // what is loaded up to here
	bits uint64 // loaded, and not read; what is behind the count is rubbish
	n    int    // how many of the bits count
}

const (
	// bitPadding is how far in may be read behind the end.
	bitPadding = 8
	// loadedBits is the number of bits that there are after a load, at least.
	loadedBits = 56
)

// load makes sure of at least 56 bits.
func (s *bitstream) load() {
	if s.at > s.end {
		return // past tells before these bits are used up
	}
	s.bits |= binary.LittleEndian.Uint64(s.in[s.at:]) << s.n
	s.at += (63 - s.n) >> 3
	s.n |= loadedBits
}

// take reads bits that have been loaded.
func (s *bitstream) take(n int) int {
	value := s.bits & (1<<n - 1)
	s.bits >>= n
	s.n -= n
	return int(value)
}

// past reports whether more has been read than there is.
func (s *bitstream) past() bool { return s.at-s.n>>3 > s.end }

// align goes on at the next whole byte, and returns where that is.
func (s *bitstream) align() int {
	s.seek(s.at - s.n>>3)
	return s.at
}

// seek goes on at a byte.
func (s *bitstream) seek(at int) { s.at, s.bits, s.n = at, 0, 0 }
