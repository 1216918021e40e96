package bench

// maxGap is the largest jump in a sequence that is taken for lost messages, in
// messages. Beyond it the number itself is wrong.
const maxGap = 1 << 16

// sequence follows the numbers that one socket receives, which should be 0, 1, 2
// and so on. It belongs to the socket's loop; the zero value expects 0.
type sequence struct {
	next    uint64
	missing map[uint64]struct{} // numbers skipped so far; nil while there are none
}

// verdict says what a received number is.
type verdict uint8

const (
	inOrder   verdict = iota
	skipped           // new, but after a gap; the gap is lost unless it comes late
	late              // one of a gap
	duplicate         // seen before
	absurd            // further ahead than maxGap
)

// see records seq.
func (s *sequence) see(seq uint64) verdict {
	switch {
	case seq == s.next:
		s.next++
		return inOrder
	case seq < s.next:
		return s.seeOld(seq)
	case seq-s.next > maxGap:
		return absurd
	}
	if s.missing == nil {
		s.missing = make(map[uint64]struct{})
	}
	for ; s.next < seq; s.next++ {
		s.missing[s.next] = struct{}{}
	}
	s.next++
	return skipped
}

func (s *sequence) seeOld(seq uint64) verdict {
	if _, ok := s.missing[seq]; !ok {
		return duplicate
	}
	delete(s.missing, seq)
	return late
}
