package rfc6455_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gannet-ws/gannet/core"
)

// Section 5.5, control frames.

func TestRFC6455_5_5_ControlFrameIsFragmented(t *testing.T) {
	server := serve(t, core.Options{})
	for _, opcode := range []byte{closing, ping, pong} {
		for name, sent := range map[string]string{
			"empty":             masked(opcode, ""),
			"with payload":      masked(opcode, withCode(normal, "")),
			"and continued":     masked(opcode, "frag") + masked(fin|continuation, "ment"),
			"between fragments": masked(text, "he") + masked(opcode, "") + masked(fin|continuation, "llo"),
		} {
			t.Run(fmt.Sprintf("opcode %d, %s", opcode, name), func(t *testing.T) {
				p := open(t, server)
				p.write(sent)
				p.fails(protocolError)
			})
		}
	}
}

func TestRFC6455_5_5_ControlFrameIsTooLong(t *testing.T) {
	server := serve(t, core.Options{})
	for _, opcode := range []byte{closing, ping, pong} {
		for _, size := range []int{126, 127, 65535, 65536} {
			for _, piece := range []int{0, 997} {
				t.Run(fmt.Sprintf("opcode %d, %d bytes, written %d at a time", opcode, size, piece), func(t *testing.T) {
					p := open(t, server)
					p.chop(masked(fin|opcode, withCode(normal, strings.Repeat("x", size-2))), piece)
					p.fails(protocolError)
				})
			}
		}
	}
}

func TestRFC6455_5_5_2_Ping(t *testing.T) {
	server := serve(t, core.Options{})
	for name, payload := range map[string]string{
		"empty":    "",
		"text":     "Hello, world!",
		"binary":   "\x00\xff\xfe\xfd\xfc\xfb\x00\xff",
		"no UTF-8": "\xc3\x28",
		"longest":  strings.Repeat("\xfe", 125),
	} {
		for _, piece := range []int{0, 1} {
			t.Run(fmt.Sprintf("%s, written %d at a time", name, piece), func(t *testing.T) {
				p := open(t, server)
				p.chop(masked(fin|ping, payload), piece)
				p.expect(fin|pong, payload)
				p.served()
			})
		}
	}
}

// Each of several pings is answered, in their order.
func TestRFC6455_5_5_2_ManyPings(t *testing.T) {
	server := serve(t, core.Options{})
	for _, piece := range []int{0, 1} {
		p := open(t, server)
		var pings strings.Builder
		for i := range 10 {
			pings.WriteString(masked(fin|ping, fmt.Sprint("payload-", i)))
		}
		p.chop(pings.String(), piece)
		for i := range 10 {
			p.expect(fin|pong, fmt.Sprint("payload-", i))
		}
		p.served()
	}
}

// A pong that nobody has asked for is no reason to say anything.
func TestRFC6455_5_5_3_UnsolicitedPong(t *testing.T) {
	server := serve(t, core.Options{})
	for _, payload := range []string{"", "unsolicited", strings.Repeat("x", 125), "\xff"} {
		for _, piece := range []int{0, 1} {
			p := open(t, server)
			p.chop(masked(fin|pong, payload)+masked(fin|ping, "ping")+masked(fin|pong, payload), piece)
			p.expect(fin|pong, "ping")
			p.served()
		}
	}
}
