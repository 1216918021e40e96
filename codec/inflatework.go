package codec

// A message may be compressed so that it is much work to decompress and little comes
// of it: a block that brings codes of its own can take a dozen bytes, and tables are
// made of the codes for nothing. So an inflater counts what blocks are beside their
// symbols, in the bytes of an ordinary message that take as long.
const (
	// blockWork is for any block, so that empty ones count.
	blockWork = 8
	// codesWork is for a block that brings codes, symbolWork for each of the codes.
	codesWork  = 256
	symbolWork = 4
	// freeWork and workPerByte are what a message may take for itself and for each
	// byte that has come of it. zlib, with the least memory that it can be given
	// (memLevel 1), brings codes for 127 symbols: 158 at most for 127 bytes or more,
	// which is less than 8 a byte. One that is flushed after each byte takes 16 a
	// byte, which is free up to 16 KiB; after each second byte, it is always.
	freeWork    = 128 << 10
	workPerByte = 8
	// ordinaryWork is what no message is charged for: codes of 180 symbols and some
	// blocks without.
	ordinaryWork = 1 << 10
)

// affords counts the work, and reports whether the message may take it.
func (f *Inflater) affords(work int) bool {
	f.work += work
	return f.work <= freeWork+workPerByte*len(f.output)
}

// Work returns what the last message has taken beyond what an ordinary one of its
// size does: the bytes of such a message that take as long. It is 0 for what
// compressors make of small messages.
func (f *Inflater) Work() int { return max(0, f.work-ordinaryWork) }
