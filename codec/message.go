package codec

// Message is one message from the server, encoded once for all its receivers.
// It is immutable: any goroutine may hold it, send it and drop it.
type Message struct {
	frame    []byte
	deflated *compressedMessage // nil where no frame of it is compressed
	header   uint8              // size of the frame's header in bytes
	op       Opcode
}

// compressedMessage is a message with compressed frames.
type compressedMessage struct {
	message Message
	frames  [WindowCount][]byte // by window; the plain one where none is smaller
	windows Windows             // of those that are compressed
}

// NewMessage encodes payload as one unmasked frame. It copies payload.
func NewMessage(op Opcode, payload []byte) *Message {
	size := FrameSize(len(payload))
	return &Message{
		frame:  AppendFrame(make([]byte, 0, size), op, payload),
		header: uint8(size - len(payload)),
		op:     op,
	}
}

// of returns m with the compressed frames that have been found for it.
func (c *compressedMessage) of(m *Message) *Message {
	made := *c
	made.message = *m
	made.message.deflated = &made
	for w := range made.frames {
		if made.frames[w] == nil {
			made.frames[w] = m.frame
		}
	}
	return &made.message
}

// Frame returns header and payload as they go on the wire, not compressed.
// Read-only.
func (m *Message) Frame() []byte { return m.frame }

// FrameFor returns what a client with the window is sent: the compressed frame
// where there is one, else Frame. Read-only.
func (m *Message) FrameFor(w Window) []byte {
	if m.deflated == nil {
		return m.frame
	}
	return m.deflated.frames[w]
}

// Windows returns the windows for which the message has a compressed frame.
func (m *Message) Windows() Windows {
	if m.deflated == nil {
		return 0
	}
	return m.deflated.windows
}

// Size returns the bytes that all frames of the message take.
func (m *Message) Size() int {
	size := len(m.frame)
	for w := Window15; w < WindowCount; w++ {
		if m.Windows().Has(w) {
			size += len(m.deflated.frames[w])
		}
	}
	return size
}

// Payload returns what the frame carries, not compressed. Read-only.
func (m *Message) Payload() []byte { return m.frame[m.header:] }

// Opcode returns the frame's opcode.
func (m *Message) Opcode() Opcode { return m.op }
