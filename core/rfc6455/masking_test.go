package rfc6455_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gannet-ws/gannet/core"
)

// Sections 5.1 and 5.3, masking.

func TestRFC6455_5_1_UnmaskedFrameFails(t *testing.T) {
	server := serve(t, core.Options{})
	for name, frame := range map[string]string{
		"text":            string(header(fin|text, 5)) + "hello",
		"empty":           string(header(fin|binaryData, 0)),
		"long":            string(header(fin|binaryData, 65536)) + strings.Repeat("x", 65536),
		"fragment":        string(header(text, 5)) + "hello",
		"ping":            string(header(fin|ping, 0)),
		"pong":            string(header(fin|pong, 0)),
		"close":           string(header(fin|closing, 2)) + withCode(normal, ""),
		"second fragment": masked(text, "hello") + string(header(fin|continuation, 0)),
	} {
		t.Run(name, func(t *testing.T) {
			p := open(t, server)
			p.served()
			p.write(frame)
			p.fails(protocolError)
		})
	}
}

// Each byte of a payload is unmasked with the byte of the key that belongs to it,
// wherever the payload is cut.
func TestRFC6455_5_3_Keys(t *testing.T) {
	p := open(t, serve(t, core.Options{MaxMessageSize: 1 << 17}))
	keys := [][4]byte{{}, {0xff, 0xff, 0xff, 0xff}, sampleKey, {0, 0, 0, 1}, {0x80, 0, 0, 0}}
	for i, size := range []int{0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 63, 64, 65, 200, 70_000} {
		payload := strings.Repeat("0123456789abcdefghijk", size/21+1)[:size]
		for j, key := range keys {
			for _, piece := range []int{0, 1, 3, 5, 7, 11, 97} {
				if piece == 0 || size/piece < 800 {
					p.chop(maskedWith(key, fin|binaryData, payload), piece)
					p.expect(fin|binaryData, payload)
				}
			}
			control := fmt.Sprint(i, " ", j)
			p.chop(maskedWith(key, fin|ping, control), i%3)
			p.expect(fin|pong, control)
		}
	}
}
