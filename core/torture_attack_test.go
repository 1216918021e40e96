//go:build torture

package core_test

import (
	"bytes"

	"github.com/gannet-ws/gannet/codec"
)

// attack is what one connection sends, and how.
type attack struct {
	*dice
	kind    string
	bytes   []byte
	deaf    bool // reads nothing until a while after all has been sent
	writing writing
	ending  ending
}

// writing says how the bytes are cut into writes.
type writing uint8

const (
	inOne writing = iota
	inSome
	inCrumbs // to begin with
)

// newAttack makes an attack in the memory of buffer.
func newAttack(d *dice, buffer []byte) *attack {
	a := &attack{dice: d, bytes: buffer[:0]}
	a.ending = pick(d, []ending{endPolite, endPolite, endHalf, endReset, endVanish})
	a.writing = pick(d, []writing{inOne, inOne, inOne, inSome, inSome, inCrumbs})
	switch roll := d.IntN(100); {
	case roll < 8:
		a.noise()
	case roll < 63:
		a.request()
	case roll < 71:
		a.upgradedNoise()
	case roll < 97:
		a.conversation()
	default:
		a.flood()
	}
	a.finish()
	return a
}

// finish makes the bytes end as the ending says.
func (a *attack) finish() {
	switch {
	case a.oneIn(100) && !a.deaf:
		a.ending = endSilent
	case a.ending == endPolite:
		f := a.frames()
		f.frame(codec.OpClose, true, []byte{3, 232})
		a.bytes = f.out
	case a.ending == endVanish:
		f := a.frames()
		f.frame(codec.OpText, false, []byte("{"))
		f.frame(codec.OpContinuation, true, make([]byte, 1000))
		a.bytes = f.out[:len(f.out)-a.between(1, 1000)]
	}
}

func (a *attack) frames() *frames {
	return &frames{dice: a.dice, out: a.bytes, room: a.IntN(tortureRooms)}
}

// piece is the size of the next write when so many bytes are left.
func (a *attack) piece(left int) int {
	const crumbs = 200
	switch {
	case a.writing == inSome:
		return min(left, a.between(1, 8<<10))
	case a.writing == inCrumbs && len(a.bytes)-left < crumbs:
		return 1
	}
	return left
}

var requestStarts = []string{"", "", "GET", "GET /ws HTTP/1.1\r\n", "GET /ws HTTP/1.1\r\nHost: ", "\r\n", "\x16\x03\x01", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"}

// noise is random bytes where a request is expected.
func (a *attack) noise() {
	a.kind = "random bytes"
	a.bytes = append(a.bytes, pick(a.dice, requestStarts)...)
	size := a.between(1, 128<<10)
	if !a.oneIn(4) {
		a.bytes = a.appendRandom(a.bytes, size)
		return
	}
	for range size { // printable: it takes longer to be seen through
		a.bytes = append(a.bytes, byte(a.between(' ', '~')))
	}
}

func (a *attack) anyUpgrade() string {
	if a.oneIn(2) {
		return pick(a.dice, goodUpgrades)
	}
	return pick(a.dice, badUpgrades)
}

// request is an upgrade request with changes, and frames behind it should it
// pass.
func (a *attack) request() {
	a.kind = "mutated requests"
	request := []byte(a.anyUpgrade())
	switch a.IntN(8) {
	case 0: // as it is
	case 1:
		request = a.repeatLine(request)
	case 2:
		request = append(request, a.anyUpgrade()...)
	default:
		request = a.mutate(request, []byte(a.anyUpgrade()), a.oneIn(2))
	}
	a.bytes = append(a.bytes, request...)
	if a.oneIn(2) {
		a.converse(a.between(1, 16<<10))
	}
}

func (a *attack) repeatLine(request []byte) []byte {
	lines := bytes.SplitAfter(request, []byte("\n"))
	line := pick(a.dice, lines)
	at := a.IntN(len(lines))
	var changed []byte
	for i, other := range lines {
		if i == at {
			changed = append(changed, line...)
		}
		changed = append(changed, other...)
	}
	return changed
}

// upgradedNoise is random bytes where frames are expected.
func (a *attack) upgradedNoise() {
	a.kind = "upgraded, random bytes"
	a.bytes = append(a.bytes, pick(a.dice, goodUpgrades)...)
	a.bytes = a.appendRandom(a.bytes, a.between(1, 128<<10))
}

// conversation is frames, some of them changed, and at the end often one that
// is not to be forgiven.
func (a *attack) conversation() {
	a.kind = "mutated frames"
	a.bytes = append(a.bytes, pick(a.dice, goodUpgrades)...)
	a.converse(a.between(1, 512<<10))
	if a.oneIn(2) {
		f := a.frames()
		f.fatal()
		a.bytes = f.out
	}
}

func (a *attack) converse(size int) {
	f := a.frames()
	for size += len(f.out); len(f.out) < size; {
		f.next()
	}
	a.bytes = f.out
}

// flood is good requests whose replies are not read, then pings: what waits for
// a peer is bounded, whatever it consists of.
func (a *attack) flood() {
	a.kind = "replies not read"
	a.deaf = true
	a.bytes = append(a.bytes, pick(a.dice, goodUpgrades)...)
	f := a.frames()
	if a.oneIn(2) {
		f.loud(a.between(64<<10, 4<<20))
	} else {
		f.brim()
	}
	a.bytes = f.out
}

// loud appends requests of so many bytes.
func (f *frames) loud(size int) {
	for len(f.out) < size {
		f.message = f.render(f.message[:0], pick(f.dice, commonMessages))
		f.frame(codec.OpText, true, f.message)
	}
}

// brim appends requests whose replies fill the socket, of which the kernel
// takes a little more than 4 MiB, but not the backlog of 1 MiB, and then pings:
// each pong has to wait, and is the smallest thing that can.
func (f *frames) brim() {
	for range f.between(18_000, 24_000) { // replies of 210 bytes
		f.frame(codec.OpText, true, leaveNothing)
	}
	for range f.between(100_000, 400_000) {
		f.frame(codec.OpPing, true, nil)
	}
}

var leaveNothing = []byte(`{"type":"system","action":"leaveRoom","data":{"roomName":"none"}}`)
