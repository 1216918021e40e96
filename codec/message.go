package codec

// Message is one message from the server, encoded once for all its receivers.
// It is immutable: any goroutine may hold it, send it and drop it.
type Message struct {
	frame  []byte
	header uint8 // size of the frame's header in bytes
	op     Opcode
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

// Frame returns header and payload as they go on the wire. Read-only.
func (m *Message) Frame() []byte { return m.frame }

// Payload returns what the frame carries. Read-only.
func (m *Message) Payload() []byte { return m.frame[m.header:] }

// Opcode returns the frame's opcode.
func (m *Message) Opcode() Opcode { return m.op }
