package bench

// tally is what is counted about received messages. That of a loop belongs to it
// until it has ended.
type tally struct {
	Delivered  uint64 // distinct messages
	OutOfOrder uint64 // of these, how many came after a later one
	Duplicates uint64
	Foreign    uint64 // frames that are none of ours, such as events
	Compressed uint64 // frames
	Bytes      uint64 // of all frames, with their headers and without TLS, to sockets that were ready
	Latency    histogram
}

func (t *tally) merge(o *tally) {
	t.Delivered += o.Delivered
	t.OutOfOrder += o.OutOfOrder
	t.Duplicates += o.Duplicates
	t.Foreign += o.Foreign
	t.Compressed += o.Compressed
	t.Bytes += o.Bytes
	t.Latency.merge(&o.Latency)
}
