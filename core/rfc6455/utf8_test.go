package rfc6455_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gannet-ws/gannet/core"
)

// Section 8.1, text that is no UTF-8. The samples follow those of Markus Kuhn's
// stress test for decoders.

var goodTexts = []string{
	"", "$", "Hello-µ@ßöäüàá-UTF-8!!", "κόσμε", "日本語", "🎂😀", "a\u0308", "\ufeffwith a byte order mark",
	// The first and the last character of each size.
	"\x00", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
	// The neighbours of the surrogates, and the replacement character.
	"\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbd",
	// Noncharacters are characters to UTF-8.
	"\ufdd0", "\ufdef", "\ufffe", "\uffff", "\U0001fffe", "\U0001ffff", "\U0008ffff", "\U0010fffe", "\U0010ffff",
}

// badText is text that fails with its byte at the index bad, and not before.
type badText struct {
	text string
	bad  int
}

// badTexts are bad by themselves; each is tried behind good text, too.
var badTexts = func() (all []badText) {
	add := func(bad int, text string) { all = append(all, badText{text, bad}) }
	// Continuation bytes of nothing.
	for c := 0x80; c <= 0xbf; c++ {
		add(0, string([]byte{byte(c)}))
	}
	add(0, "\x80\xbf\x80\xbf\x80\xbf")
	add(2, "\xc2\x80\x80")
	add(3, "\xe2\x82\xac\x80")
	// First bytes that nothing continues.
	for c := 0xc2; c <= 0xf4; c++ {
		add(1, string([]byte{byte(c), ' '}))
		add(1, string([]byte{byte(c), byte(c)}))
	}
	// Sequences that are cut by another character.
	add(2, "\xe2\x82a")
	add(2, "\xf0\x9fa")
	add(3, "\xf0\x9f\x98a")
	add(3, "\xf0\x9f\x98\xf0\x9f\x98\x80")
	// Bytes that never stand in UTF-8: overlong forms of ASCII, what is beyond
	// U+10FFFF, sequences of five and six bytes.
	for _, c := range []byte{0xc0, 0xc1, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff} {
		add(0, string([]byte{c, 0x80, 0x80, 0x80, 0x80, 0x80}))
	}
	add(0, "\xc0\xaf")
	add(0, "\xf8\x88\x80\x80\x80")
	add(0, "\xfc\x84\x80\x80\x80\x80")
	// Overlong forms of what is not ASCII.
	add(1, "\xe0\x80\xaf")
	add(1, "\xe0\x9f\xbf")
	add(1, "\xf0\x80\x80\xaf")
	add(1, "\xf0\x8f\xbf\xbf")
	// Surrogates, alone and in pairs.
	add(1, "\xed\xa0\x80")
	add(1, "\xed\xad\xbf")
	add(1, "\xed\xae\x80")
	add(1, "\xed\xbf\xbf")
	add(1, "\xed\xa0\x80\xed\xb0\x80")
	add(1, "\xed\xaf\xbf\xed\xbf\xbf")
	// Beyond U+10FFFF.
	add(1, "\xf4\x90\x80\x80")
	add(1, "\xf4\xbf\xbf\xbf")
	return all
}()

func TestRFC6455_8_1_Valid(t *testing.T) {
	p := open(t, serve(t, core.Options{}))
	for _, s := range goodTexts {
		p.write(masked(fin|text, s))
		p.expect(fin|text, s)
		p.chop(masked(fin|text, s), 1)
		p.expect(fin|text, s)
		for cut := range len(s) + 1 {
			p.write(masked(text, s[:cut]) + masked(fin|continuation, s[cut:]))
			p.expect(fin|text, s)
		}
		p.write(fragments(text, s, 1))
		p.expect(fin|text, s)
	}
}

// Every character of the first plane, in messages of some of them.
func TestRFC6455_8_1_AllOfTheFirstPlane(t *testing.T) {
	p := open(t, serve(t, core.Options{}))
	var s strings.Builder
	for r := rune(0); r <= 0xffff; r++ {
		if r < 0xd800 || r > 0xdfff {
			s.WriteRune(r)
		}
		if r%0x1000 == 0xfff {
			p.chop(masked(fin|text, s.String()), 997)
			p.expect(fin|text, s.String())
			s.Reset()
		}
	}
}

func TestRFC6455_8_1_Invalid(t *testing.T) {
	server := serve(t, core.Options{})
	for _, bad := range badTexts {
		t.Run(fmt.Sprintf("%x", bad.text), func(t *testing.T) {
			for _, s := range []string{bad.text, "κόσμε" + bad.text + "edited"} {
				for name, sent := range map[string]string{
					"whole":           masked(fin|text, s),
					"in fragments":    fragments(text, s, 1),
					"in its last one": masked(text, "before") + masked(fin|continuation, s),
				} {
					p := open(t, server)
					p.write(masked(fin|ping, name) + sent)
					p.expect(fin|pong, name)
					p.fails(invalidPayload)
				}
			}
		})
	}
}

// Text that ends within a character is known to be bad when it ends.
func TestRFC6455_8_1_EndsWithinACharacter(t *testing.T) {
	server := serve(t, core.Options{})
	for _, s := range []string{"\xc2", "\xdf", "\xe0\xa0", "\xe2", "\xe2\x82", "\xef\xbf", "\xf0", "\xf0\x9f", "\xf0\x9f\x98", "\xf4\x8f\xbf", "good text, then \xf0\x9f\x98"} {
		t.Run(fmt.Sprintf("%x", s), func(t *testing.T) {
			for _, sent := range []string{
				masked(fin|text, s),
				fragments(text, s, 1),
				masked(text, s) + masked(fin|continuation, ""),
			} {
				p := open(t, server)
				p.write(sent)
				p.fails(invalidPayload)
			}
			p := open(t, server)
			p.write(masked(text, s) + masked(fin|ping, "so far so good"))
			p.expect(fin|pong, "so far so good")
			p.write(masked(fin|text, "no end")[:6])
			p.fails(protocolError)
		})
	}
}

// The connection fails with the first byte that no text can have in its place: the
// rest of the message, and of the frame, is not waited for.
func TestRFC6455_8_1_FailsFast(t *testing.T) {
	server := serve(t, core.Options{})
	for _, bad := range badTexts {
		t.Run(fmt.Sprintf("%x", bad.text), func(t *testing.T) {
			good, first := bad.text[:bad.bad], bad.text[bad.bad:bad.bad+1]

			p := open(t, server)
			p.write(masked(text, "κόσμε"+good) + masked(fin|ping, "so far so good"))
			p.expect(fin|pong, "so far so good")
			p.write(masked(continuation, first))
			p.fails(invalidPayload)

			p = open(t, server)
			frame := masked(fin|text, "κόσμε"+good+first+strings.Repeat("never sent", 20))
			p.write(masked(fin|ping, "") + frame[:8+len("κόσμε"+good+first)])
			p.expect(fin|pong, "")
			p.fails(invalidPayload)
		})
	}
}

// Where a frame is cut in the middle of a character, it is waited for.
func TestRFC6455_8_1_CutFrames(t *testing.T) {
	p := open(t, serve(t, core.Options{}))
	const s = "κόσμε 日本語 😀"
	frame := masked(fin|text, s)
	for cut := range len(frame) {
		p.chop(frame, cut)
		p.expect(fin|text, s)
	}
}

// Binary messages, pings and pongs may hold anything.
func TestRFC6455_8_1_BinaryNeedNotBeText(t *testing.T) {
	p := open(t, serve(t, core.Options{}))
	for _, bad := range badTexts {
		p.write(masked(fin|binaryData, bad.text) + fragments(binaryData, bad.text, 1) + masked(fin|ping, bad.text))
		p.expect(fin|binaryData, bad.text)
		p.expect(fin|binaryData, bad.text)
		p.expect(fin|pong, bad.text)
	}
}
