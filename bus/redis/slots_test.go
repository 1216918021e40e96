package redis

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSlotOf(t *testing.T) {
	for channel, slot := range map[string]int{
		"":                     0,
		"123456789":            0x31c3, // the check value of CRC-16/XMODEM
		"foo":                  12182,
		"gannet:room:{foo}":    12182,
		"{foo}{bar}":           12182,
		"{user1000}.following": slotOf("user1000"),
		"foo{{bar}}zap":        slotOf("{bar"),
	} {
		assert.Equal(t, slot, slotOf(channel), channel)
	}
	assert.NotEqual(t, slotOf("foo"), slotOf("{}foo"), "an empty tag is none")
}
