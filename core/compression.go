package core

import (
	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/shard"
)

// permessage-deflate, RFC 7692. A message to many is compressed once for each
// window that clients have, by who publishes it: on an event loop if that is a
// handler. A client without a compressed frame of its window gets the plain one,
// so a client that comes between the compression and the delivery misses nothing.

// Compression says whether messages may be compressed.
type Compression string

// The choices.
const (
	CompressionOff Compression = "off"
	CompressionOn  Compression = "on"
)

// compress gives the op's message compressed frames, if there are clients for
// them.
func (s *Server) compress(op *shard.Op) {
	if s.deflaters == nil || len(op.Message.Payload()) < int(s.options.CompressionThreshold) {
		return
	}
	if windows, clients := s.directory.Windows(); clients > 0 {
		op.Message = s.deflaters.Compress(op.Message, windows)
	}
}

// agree notes what the request and the options allow to be compressed.
func (h *handshake) agree(request *codec.UpgradeRequest) error {
	deflate, err := codec.AcceptDeflate(request.Extensions)
	if err == nil && h.loop.server.deflaters != nil {
		h.deflate = deflate
	}
	return err
}

// appendFrame appends a message to the replies for the client whose input is being
// handled, compressed where that is agreed on and worth it.
func (l *loop) appendFrame(replies []byte, op codec.Opcode, payload []byte) []byte {
	if l.window != codec.NoWindow && len(payload) >= int(l.server.options.CompressionThreshold) {
		if compressed, ok := l.server.deflaters.AppendFrame(replies, op, payload, l.window); ok {
			return compressed
		}
	}
	return codec.AppendFrame(replies, op, payload)
}

// readerOf returns how the client's bytes are to be read.
func (l *loop) readerOf(c *shard.Client) *codec.ReaderConfig {
	if c.Window() != codec.NoWindow {
		return &l.deflated
	}
	return &l.reader
}

// receiveCompressed decompresses a message and handles it, if the client keeps within
// its rates by what it has sent. What the message has become beyond that, and the work
// that this was beyond the ordinary, counts for those that follow: nothing is
// decompressed only to be refused, which would cost the client nothing.
func (l *loop) receiveCompressed(c *shard.Client, frame codec.Frame) {
	if !l.shard.Spend(c, len(frame.Payload)) {
		l.overRate(c, codec.Frame{Opcode: frame.Opcode}) // not worth inflating for its id
		return
	}
	defer l.inflater.Release()
	message, err := l.inflater.Inflate(frame)
	if err != nil {
		l.sendReplies(c)
		l.fail(c, err.(*codec.Error))
		return
	}
	l.counters.Inflated++
	l.counters.InflatedBytes += uint64(len(message.Payload))
	l.shard.Owe(c, max(0, len(message.Payload)-len(frame.Payload))+l.inflater.Work())
	l.receiveMessage(c, message)
}

// fillCompression adds the figures of compression.
func (s *Server) fillCompression(stats *Stats, total *snapshot) {
	_, stats.ClientsCompressed = s.directory.Windows()
	stats.Inflated, stats.InflatedBytes = total.Inflated, total.InflatedBytes
	if s.deflaters == nil {
		return
	}
	done := s.deflaters.Stats()
	stats.Compressed, stats.CompressionFutile = done.Messages, done.Futile
	stats.CompressionIn, stats.CompressionOut = done.In, done.Out
}
