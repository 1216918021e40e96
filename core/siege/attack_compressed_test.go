package siege_test

import (
	"bytes"
	"strings"

	"github.com/klauspost/compress/flate"

	"github.com/gannet-ws/gannet/codec"
)

// Attacks with permessage-deflate, RFC 7692.
var withCompression = []attack{
	{
		name: "compression bombs: 64 KB that inflate to 64 MB", fate: "1009 at `--max-message-size`, inflated no further",
		flags: []string{"--compression=on"}, attackers: 20,
		attack: sendCompressed(bomb),
		check:  closed("message_too_big"),
	},
	{
		name: "small bombs: 64 KB each, of 90 bytes, as fast as it goes", fate: "`RATE_LIMIT` by `--max-byte-rate`, then 1008",
		flags: []string{"--compression=on"}, attackers: 40,
		attack: floodCompressed(smallBombs),
		check:  closed("rate_limit"),
	},
	{
		name: "compressed blocks without end that inflate to nothing: 64 KB each", fate: "1009 after the first 5 KB",
		flags: []string{"--compression=on"}, attackers: 20,
		attack: sendCompressed(emptyBlocks),
		check:  closed("message_too_big"),
	},
	{
		name: "a few such blocks in each message, as fast as it goes", fate: "`RATE_LIMIT` by `--max-byte-rate`, then 1008",
		flags: []string{"--compression=on"}, attackers: 40,
		attack: floodCompressed(someBlocks),
		check:  closed("rate_limit"),
	},
}

const offerCompression = "Sec-WebSocket-Extensions: permessage-deflate\r\n"

// sendCompressed is an attack by one write.
func sendCompressed(frame []byte) func(*attacker) {
	return func(a *attacker) {
		if p := a.begin(offerCompression, frame); p != nil {
			a.idle(p)
		}
	}
}

// floodCompressed is an attack by the same frames, again and again.
func floodCompressed(frames []byte) func(*attacker) {
	return func(a *attacker) {
		if p := a.upgrade(offerCompression); p != nil {
			go a.idle(p)
			a.flood(p, frames)
		}
	}
}

var (
	bomb       = compressed(1<<20, 60)
	smallBombs = bytes.Repeat(compressed(64<<10, 1), 100)

	emptyBlocks = compressedFrame([]byte(strings.Repeat(fourBlocks, 1400) + "\x00"))
	someBlocks  = compressedFrame([]byte(strings.Repeat(fourBlocks, 100) + "\x00"))
)

// fourBlocks bring a code each, RFC 1951 section 3.2.7, and end at once.
const fourBlocks = "\x04\xc0\x81\x00\x00\x00\x00\x00\x90\xff\x6b" +
	"\x10\x00\x07\x02\x00\x00\x00\x00\x40\xfe\xaf" +
	"\x41\x00\x1c\x08\x00\x00\x00\x00\x00\xf9\xbf" +
	"\x06\x01\x70\x20\x00\x00\x00\x00\x00\xe4\xff\x1a"

// compressed is a frame with a message of so many times size spaces, compressed as
// RFC 7692 section 7.2.1 says.
func compressed(size, times int) []byte {
	var deflated bytes.Buffer
	w, _ := flate.NewWriter(&deflated, flate.BestCompression)
	_, _ = w.Write(bytes.Repeat([]byte(" "), size))
	_ = w.Flush() // to a byte's end: what follows can be put behind it
	return compressedFrame(bytes.TrimSuffix(bytes.Repeat(deflated.Bytes(), times), []byte{0, 0, 255, 255}))
}

// compressedFrame is a frame with a payload that is compressed.
func compressedFrame(payload []byte) []byte {
	frame := codec.AppendMaskedFrame(nil, codec.OpText, true, maskKey, payload)
	frame[0] |= 0x40 // RSV1
	return frame
}
