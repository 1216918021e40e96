package rfc6455_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gannet-ws/gannet/core"
)

// Section 5.2, the base framing protocol.

// The sizes at which the form of a length changes, and their neighbours.
var sizes = []int{0, 1, 125, 126, 127, 128, 65535, 65536}

func TestRFC6455_5_2_Lengths(t *testing.T) {
	server := serve(t, core.Options{MaxMessageSize: 1 << 17})
	for _, opcode := range []byte{text, binaryData} {
		for _, size := range sizes {
			for _, piece := range []int{0, 997, 1} {
				if piece == 1 && size > 1000 {
					continue
				}
				t.Run(fmt.Sprintf("opcode %d, %d bytes, written %d at a time", opcode, size, piece), func(t *testing.T) {
					payload := strings.Repeat("*", size)
					if opcode == binaryData {
						payload = strings.Repeat("\xfe", size)
					}
					p := open(t, server)
					p.chop(masked(fin|opcode, payload), piece)
					p.expect(fin|opcode, payload)
					p.served()
				})
			}
		}
	}
}

// A long frame whose header and first bytes come a byte at a time.
func TestRFC6455_5_2_LongHeaderIsCut(t *testing.T) {
	p := open(t, serve(t, core.Options{MaxMessageSize: 1 << 17}))
	for _, size := range []int{65535, 65536} {
		payload := strings.Repeat("*", size)
		frame := masked(fin|text, payload)
		p.chop(frame[:40], 1)
		p.write(frame[40:])
		p.expect(fin|text, payload)
	}
}

// Many messages in one write come back in their order.
func TestRFC6455_5_2_ManyFrames(t *testing.T) {
	p := open(t, serve(t, core.Options{}))
	var all strings.Builder
	for i := range 1000 {
		all.WriteString(masked(fin|text, fmt.Sprint(i)))
	}
	p.write(all.String())
	for i := range 1000 {
		p.expect(fin|text, fmt.Sprint(i))
	}
}

// No extension has been negotiated that would give the reserved bits a meaning.
func TestRFC6455_5_2_ReservedBits(t *testing.T) {
	server := serve(t, core.Options{})
	for bits := byte(rsv3); bits < fin; bits += rsv3 {
		for name, sent := range map[string]string{
			"text":          masked(fin|bits|text, "hello"),
			"binary":        masked(fin|bits|binaryData, "hello"),
			"empty":         masked(fin|bits|text, ""),
			"first":         masked(bits|text, "hello"),
			"second":        masked(text, "he") + masked(fin|bits|continuation, "llo"),
			"ping":          masked(fin|bits|ping, "hello"),
			"ping, between": masked(text, "he") + masked(fin|bits|ping, ""),
			"pong":          masked(fin|bits|pong, ""),
			"close":         masked(fin|bits|closing, withCode(normal, "")),
		} {
			t.Run(fmt.Sprintf("%#x, %s", bits, name), func(t *testing.T) {
				p := open(t, server)
				p.served()
				p.write(sent)
				p.fails(protocolError)
			})
		}
	}
}

func TestRFC6455_5_2_ReservedOpcodes(t *testing.T) {
	server := serve(t, core.Options{})
	for _, opcode := range []byte{3, 4, 5, 6, 7, 11, 12, 13, 14, 15} {
		for name, sent := range map[string]string{
			"without payload":   masked(fin|opcode, ""),
			"with payload":      masked(fin|opcode, "hello"),
			"fragment":          masked(opcode, "hello"),
			"between fragments": masked(text, "he") + masked(fin|opcode, ""),
			"and what follows":  masked(fin|opcode, "hello") + masked(fin|ping, "") + masked(fin|text, "hello"),
		} {
			t.Run(fmt.Sprintf("%d, %s", opcode, name), func(t *testing.T) {
				p := open(t, server)
				p.served()
				p.write(sent)
				p.fails(protocolError)
			})
		}
	}
}

// The shortest form of a length is the only one, and its most significant bit is 0.
func TestRFC6455_5_2_LengthForms(t *testing.T) {
	server := serve(t, core.Options{})
	in16 := func(first byte, length string) string {
		return string([]byte{first, 0x80 | 126}) + length + "\x00\x00\x00\x00"
	}
	in64 := func(first byte, length string) string {
		return string([]byte{first, 0x80 | 127}) + length + "\x00\x00\x00\x00"
	}
	for name, c := range map[string]struct {
		sent string
		code uint16
	}{
		"0 in 16 bits":             {in16(fin|text, "\x00\x00"), protocolError},
		"125 in 16 bits":           {in16(fin|binaryData, "\x00\x7d") + strings.Repeat("x", 125), protocolError},
		"0 in 64 bits":             {in64(fin|text, "\x00\x00\x00\x00\x00\x00\x00\x00"), protocolError},
		"125 in 64 bits":           {in64(fin|text, "\x00\x00\x00\x00\x00\x00\x00\x7d"), protocolError},
		"126 in 64 bits":           {in64(fin|text, "\x00\x00\x00\x00\x00\x00\x00\x7e"), protocolError},
		"65535 in 64 bits":         {in64(fin|binaryData, "\x00\x00\x00\x00\x00\x00\xff\xff"), protocolError},
		"5 of a ping in 16 bits":   {in16(fin|ping, "\x00\x05") + "hello", protocolError},
		"fragment's 5 in 16 bits":  {masked(text, "he") + in16(fin|continuation, "\x00\x05") + "hello", protocolError},
		"most significant bit":     {in64(fin|binaryData, "\x80\x00\x00\x00\x00\x01\x00\x00"), protocolError},
		"all bits":                 {in64(fin|binaryData, "\xff\xff\xff\xff\xff\xff\xff\xff"), protocolError},
		"all but the most":         {in64(fin|binaryData, "\x7f\xff\xff\xff\xff\xff\xff\xff"), tooBig},
		"all but the most, behind": {masked(text, "he") + in64(fin|continuation, "\x7f\xff\xff\xff\xff\xff\xff\xff"), tooBig},
	} {
		t.Run(name, func(t *testing.T) {
			p := open(t, server)
			p.served()
			p.write(c.sent)
			p.fails(c.code)
		})
	}
}
