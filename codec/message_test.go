package codec

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMessage_IsOneFrameAndACopy(t *testing.T) {
	for _, length := range payloadLengths {
		payload := bytes.Repeat([]byte("m"), length)
		m := NewMessage(OpText, payload)
		want := AppendFrame(nil, OpText, payload)
		clear(payload)
		assert.True(t, bytes.Equal(want, m.Frame()))
		assert.Equal(t, length, len(m.Payload()))
		assert.Equal(t, len(want), cap(m.Frame()))
		assert.Equal(t, OpText, m.Opcode())
		if length > 0 {
			assert.Equal(t, byte('m'), m.Payload()[0])
		}
	}
}

func TestNewMessage_Allocs(t *testing.T) {
	payload := make([]byte, 128)
	var m *Message
	// One for the bytes, one for the Message.
	allocs(t, 2, func() { m = NewMessage(OpText, payload) })
	assert.NotNil(t, m)
}

func BenchmarkNewMessage_128(b *testing.B) {
	payload := make([]byte, 128)
	b.ReportAllocs()
	for b.Loop() {
		NewMessage(OpText, payload)
	}
}
