package codec

// What the owner of a Reader has to know to bound a peer that begins messages and
// does not end them: since when one is under way, and in how many frames it comes.
// The reader has no clock; its owner brings the time.

// Since returns the time that SetSince has noted. ok is false where nothing is
// incomplete, and where none has been noted yet for what is.
func (r *Reader) Since() (at uint32, ok bool) {
	if !r.Partial() || !r.partial.noted {
		return 0, false
	}
	return r.partial.since, true
}

// SetSince notes a time, in a unit of the caller's, with the frame or message that is
// incomplete, and for as long as it is. Where none is, it does nothing.
func (r *Reader) SetSince(at uint32) {
	if r.Partial() {
		r.partial.since, r.partial.noted = at, true
	}
}

// TakeFragments returns the number of frames that the last call of Next read of
// fragmented messages: of their beginnings, without those that were complete in one
// frame. It must be called before the next call of Next, and once.
func (r *Reader) TakeFragments() (frames int) {
	if r.partial != nil {
		frames, r.partial.fragments = r.partial.fragments, 0
	}
	return frames
}
