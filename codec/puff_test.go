package codec

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// puff is RFC 1951 as plainly as it can be said, to see what a compressed message
// refers to: whoever compresses for a small window must not look farther back.
type puff struct {
	in       []byte
	at       int // bit
	out      []byte
	farthest int // distance of a reference
}

// huffman is a code: the number of codes of each length, and the symbols in order.
type huffman struct {
	count   [16]int
	symbols []int
}

func newHuffman(lengths []int) (h huffman) {
	for length := 1; length < len(h.count); length++ {
		for symbol, l := range lengths {
			if l == length {
				h.count[length]++
				h.symbols = append(h.symbols, symbol)
			}
		}
	}
	return h
}

func (p *puff) bits(n int) (value int) {
	for i := range n {
		value |= int(p.in[p.at/8]>>(p.at%8)&1) << i
		p.at++
	}
	return value
}

func (p *puff) symbol(h huffman) int {
	code, first, index := 0, 0, 0
	for _, count := range h.count[1:] {
		code |= p.bits(1)
		if code-first < count {
			return h.symbols[index+code-first]
		}
		index += count
		first = (first + count) << 1
		code <<= 1
	}
	panic("no such code")
}

// block reads one block.
func (p *puff) block() {
	p.bits(1) // whether it is the final one
	switch p.bits(2) {
	case 0:
		p.at = (p.at + 7) / 8 * 8
		n := p.bits(16)
		p.bits(16)
		p.out = append(p.out, p.in[p.at/8:p.at/8+n]...)
		p.at += n * 8
	case 1:
		lengths := bytes.Repeat([]byte{8}, 144)
		lengths = append(lengths, bytes.Repeat([]byte{9}, 112)...)
		lengths = append(lengths, bytes.Repeat([]byte{7}, 24)...)
		lengths = append(lengths, bytes.Repeat([]byte{8}, 8)...)
		p.codes(newHuffman(ints(lengths)), newHuffman(ints(bytes.Repeat([]byte{5}, 30))))
	default:
		p.dynamic()
	}
}

func ints(b []byte) (all []int) {
	for _, c := range b {
		all = append(all, int(c))
	}
	return all
}

func (p *puff) dynamic() {
	literals, distances, n := p.bits(5)+257, p.bits(5)+1, p.bits(4)+4
	lengths := make([]int, 19)
	for _, symbol := range []int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}[:n] {
		lengths[symbol] = p.bits(3)
	}
	code := newHuffman(lengths)
	var all []int
	for len(all) < literals+distances {
		symbol, repeated, times := p.symbol(code), 0, 0
		switch symbol {
		case 16:
			repeated, times = all[len(all)-1], 3+p.bits(2)
		case 17:
			times = 3 + p.bits(3)
		case 18:
			times = 11 + p.bits(7)
		default:
			repeated, times = symbol, 1
		}
		for range times {
			all = append(all, repeated)
		}
	}
	p.codes(newHuffman(all[:literals]), newHuffman(all[literals:]))
}

// codes reads literals and references until the end of the block.
func (p *puff) codes(literals, distances huffman) {
	for {
		symbol := p.symbol(literals)
		switch {
		case symbol < 256:
			p.out = append(p.out, byte(symbol))
		case symbol == 256:
			return
		default:
			length := 258
			if symbol < 285 {
				length = p.extended(symbol-257, 4, 3)
			}
			distance := p.extended(p.symbol(distances), 2, 1)
			p.farthest = max(p.farthest, distance)
			for range length {
				p.out = append(p.out, p.out[len(p.out)-distance])
			}
		}
	}
}

// extended reads the extra bits of a length or a distance: the symbols come in
// groups, each group with twice the step of the one before it.
func (p *puff) extended(symbol, group, least int) int {
	if symbol < 2*group {
		return least + symbol
	}
	extra := symbol/group - 1
	return least + (group+symbol%group)<<extra + p.bits(extra)
}

// farthest returns how far back a compressed message refers, in bytes. What it
// becomes must be as wanted.
func farthest(t *testing.T, compressed, want []byte) int {
	t.Helper()
	p := puff{in: append(bytes.Clone(compressed), "\x00\x00\xff\xff"...)}
	for p.at < len(p.in)*8 {
		p.block()
	}
	require.True(t, bytes.Equal(want, p.out))
	return p.farthest
}
