package rfc6455_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/gannet-ws/gannet/core"
)

// Section 10.4, limits of an implementation, and what lies within them.

func TestRFC6455_10_4_MessageTooBig(t *testing.T) {
	const limit = 1000
	server := serve(t, core.Options{MaxMessageSize: limit})
	largest := strings.Repeat("*", limit)
	for name, sent := range map[string]string{
		"whole":                 masked(fin|text, largest+"*"),
		"its header":            masked(fin|text, largest+"*")[:8],
		"in fragments":          fragments(text, largest+"*", 10),
		"by its last fragment":  fragments(binaryData, largest+"*", limit),
		"by an empty remainder": masked(text, largest) + masked(continuation, "") + masked(continuation, "*"),
	} {
		t.Run(name, func(t *testing.T) {
			p := open(t, server)
			for _, size := range []int{limit, limit - 1, 1} {
				p.write(fragments(text, largest, size))
				p.expect(fin|text, largest)
			}
			p.write(sent)
			p.fails(tooBig)
		})
	}
}

// Large messages come back as they were, in however many pieces they come.
func TestRFC6455_10_4_LargeMessages(t *testing.T) {
	server := serve(t, core.Options{MaxMessageSize: 4 << 20})
	for _, c := range []struct{ size, fragment, piece int }{
		{1 << 20, 1 << 20, 0},
		{4 << 20, 4 << 20, 0},
		{4 << 20, 4 << 20, 4096},
		{4 << 20, 64 << 10, 0},
		{4 << 20, 64, 0},
		{1 << 20, 1 << 20, 256},
	} {
		for _, opcode := range []byte{text, binaryData} {
			t.Run(fmt.Sprintf("opcode %d, %d bytes in fragments of %d, written %d at a time", opcode, c.size, c.fragment, c.piece), func(t *testing.T) {
				message := strings.Repeat("日本語, and some more of it 🎂", c.size/32)[:c.size]
				message = strings.ToValidUTF8(message, "")
				p := open(t, server)
				p.chop(fragments(opcode, message, c.fragment), c.piece)
				p.expect(fin|opcode, message)
				p.served()
			})
		}
	}
}

// A peer that sends faster than it reads gets all of it.
func TestRFC6455_10_4_SlowReader(t *testing.T) {
	const messages = 200
	server := serve(t, core.Options{MaxBacklog: 64 << 10})
	p := open(t, server)
	message := func(i int) string { return fmt.Sprint(i, strings.Repeat("*", 60_000)) }
	var writing sync.WaitGroup
	writing.Go(func() {
		for i := range messages {
			if _, err := p.conn.Write([]byte(masked(fin|text, message(i)) + masked(fin|ping, fmt.Sprint(i)))); err != nil {
				return
			}
		}
	})
	defer writing.Wait()
	defer p.conn.Close()
	for i := range messages {
		p.expect(fin|text, message(i))
		p.expect(fin|pong, fmt.Sprint(i))
	}
}
