package rfc6455_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gannet-ws/gannet/core"
)

// Section 5.4, fragmentation.

// frame is the first byte and the payload of one.
type frame struct {
	first   byte
	payload string
}

// sequence is what a client sends, and what comes back.
type sequence struct {
	sent, back []frame
}

// ways are how each sequence is written.
var ways = map[string]func(*peer, []frame){
	"at once": func(p *peer, frames []frame) { p.write(join(frames)) },
	"frame by frame": func(p *peer, frames []frame) {
		for _, f := range frames {
			p.write(masked(f.first, f.payload))
		}
	},
	"byte by byte": func(p *peer, frames []frame) { p.chop(join(frames), 1) },
}

func join(frames []frame) string {
	var all strings.Builder
	for _, f := range frames {
		all.WriteString(masked(f.first, f.payload))
	}
	return all.String()
}

// each writes every sequence in every way, on a connection of its own, and has what
// follows checked.
func each(t *testing.T, server *core.Server, sequences map[string]sequence, then func(*peer)) {
	for name, s := range sequences {
		for how, write := range ways {
			t.Run(name+", "+how, func(t *testing.T) {
				p := open(t, server)
				write(p, s.sent)
				for _, f := range s.back {
					p.expect(f.first, f.payload)
				}
				then(p)
			})
		}
	}
}

func TestRFC6455_5_4_Fragments(t *testing.T) {
	each(t, serve(t, core.Options{}), map[string]sequence{
		"two": {
			[]frame{{text, "frag"}, {fin | continuation, "ments"}},
			[]frame{{fin | text, "fragments"}},
		},
		"two, binary": {
			[]frame{{binaryData, "\xff"}, {fin | continuation, "\x00"}},
			[]frame{{fin | binaryData, "\xff\x00"}},
		},
		"an empty first": {
			[]frame{{text, ""}, {fin | continuation, "fragments"}},
			[]frame{{fin | text, "fragments"}},
		},
		"an empty last": {
			[]frame{{text, "fragments"}, {fin | continuation, ""}},
			[]frame{{fin | text, "fragments"}},
		},
		"all empty": {
			[]frame{{text, ""}, {continuation, ""}, {fin | continuation, ""}},
			[]frame{{fin | text, ""}},
		},
		"empty ones between": {
			[]frame{{binaryData, "a"}, {continuation, ""}, {continuation, "b"}, {continuation, ""}, {fin | continuation, "c"}},
			[]frame{{fin | binaryData, "abc"}},
		},
		"several messages": {
			[]frame{{text, "a"}, {fin | continuation, "b"}, {fin | text, "c"}, {binaryData, "d"}, {continuation, "e"}, {fin | continuation, "f"}},
			[]frame{{fin | text, "ab"}, {fin | text, "c"}, {fin | binaryData, "def"}},
		},
		"a ping between": {
			[]frame{{text, "frag"}, {fin | ping, "ping"}, {fin | continuation, "ments"}},
			[]frame{{fin | pong, "ping"}, {fin | text, "fragments"}},
		},
		"a pong between": {
			[]frame{{text, "frag"}, {fin | pong, "pong"}, {fin | continuation, "ments"}},
			[]frame{{fin | text, "fragments"}},
		},
		"pings everywhere": {
			[]frame{{fin | ping, "0"}, {text, "a"}, {continuation, "b"}, {fin | ping, "1"}, {fin | ping, ""}, {continuation, ""}, {fin | ping, "2"}, {fin | continuation, "c"}, {fin | ping, "3"}},
			[]frame{{fin | pong, "0"}, {fin | pong, "1"}, {fin | pong, ""}, {fin | pong, "2"}, {fin | text, "abc"}, {fin | pong, "3"}},
		},
		"a character in pieces": {
			[]frame{{text, "\xf0"}, {continuation, "\x9f"}, {fin | ping, "\x9f"}, {continuation, "\x98"}, {fin | continuation, "\x80"}},
			[]frame{{fin | pong, "\x9f"}, {fin | text, "😀"}},
		},
	}, (*peer).served)
}

func TestRFC6455_5_4_BadSequences(t *testing.T) {
	each(t, serve(t, core.Options{}), map[string]sequence{
		"continuation of nothing":            {[]frame{{fin | continuation, "nothing"}}, nil},
		"empty continuation of nothing":      {[]frame{{fin | continuation, ""}}, nil},
		"continuation of nothing, not final": {[]frame{{continuation, "nothing"}}, nil},
		"and a message":                      {[]frame{{continuation, "nothing"}, {fin | text, "message"}}, nil},
		"behind a message":                   {[]frame{{fin | text, "message"}, {fin | continuation, "nothing"}}, []frame{{fin | text, "message"}}},
		"behind fragments": {
			[]frame{{text, "frag"}, {fin | continuation, "ments"}, {continuation, "nothing"}, {fin | text, "message"}},
			[]frame{{fin | text, "fragments"}},
		},
		"behind a ping":                 {[]frame{{fin | ping, "ping"}, {fin | continuation, ""}}, []frame{{fin | pong, "ping"}}},
		"text within text":              {[]frame{{text, "frag"}, {fin | text, "ments"}}, nil},
		"a first within text":           {[]frame{{text, "frag"}, {text, "ments"}, {fin | continuation, ""}}, nil},
		"binary within text":            {[]frame{{text, "frag"}, {fin | binaryData, "ments"}}, nil},
		"text within binary":            {[]frame{{binaryData, "frag"}, {continuation, ""}, {fin | text, "ments"}}, nil},
		"text within text, with a ping": {[]frame{{text, "frag"}, {fin | ping, "ping"}, {fin | text, "ments"}}, []frame{{fin | pong, "ping"}}},
	}, func(p *peer) { p.fails(protocolError) })
}

// A message in many fragments, as a peer or something on the way may cut it.
func TestRFC6455_5_4_ManyFragments(t *testing.T) {
	server := serve(t, core.Options{MaxMessageSize: 1 << 20})
	for _, c := range []struct{ size, fragment int }{{65536, 1300}, {65536, 1024}, {1 << 20, 64}, {1 << 18, 1}} {
		for _, opcode := range []byte{text, binaryData} {
			t.Run(fmt.Sprintf("opcode %d, %d bytes in fragments of %d", opcode, c.size, c.fragment), func(t *testing.T) {
				message := strings.Repeat("0123456789abcdef", c.size/16)
				p := open(t, server)
				p.write(fragments(opcode, message, c.fragment))
				p.expect(fin|opcode, message)
				p.served()
			})
		}
	}
}
