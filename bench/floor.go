package bench

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/gannet-ws/gannet/codec"
)

// floorBacklog is the length of the accept queue, which the kernel may shorten.
const floorBacklog = 4096

// maxRequestHead is the longest upgrade request in bytes that the floor reads.
const maxRequestHead = 8 << 10

// floor is the bare loop: what fan-out costs when a server does nothing but
// write. One goroutine accepts, upgrades, lets sockets join a room, and writes
// each publication to all members with one write(2) a socket. A message to a room
// goes to its members, too, and any other back to its sender. It trusts its peers
// to send every request in one piece, as the generator does.
//
// publish, end and writes may be used from any goroutine; all else belongs to
// the goroutine of run.
type floor struct {
	poller   *poller
	listener int
	sockets  []floorSocket // by descriptor
	rooms    map[string]*floorRoom
	buffer   [64 << 10]byte
	frame    []byte // of the message that is being answered
	writes   atomic.Uint64
	others   *floorWorkers // further processes; nil: none

	// skip, if set, says that a frame is not to be written to a socket. Tests
	// lose messages with it.
	skip func(fd int32, frame []byte) bool
	// refuse, if set, says that a connection is to be closed as soon as it stands.
	refuse func() bool

	mutex   sync.Mutex
	pending []publication
	ended   bool
}

// floorSocket is what the floor knows of a descriptor.
type floorSocket struct {
	room     *floorRoom // nil before the join
	place    int32      // in the room's members
	open     bool
	upgraded bool
}

type floorRoom struct{ members []int32 }

// publication is finished frames for a room. run tells receivers, which has room
// for it, how many sockets it writes to, and then writes.
type publication struct {
	room      string
	frames    []byte
	receivers chan<- int
}

// newFloor listens. The caller calls run, which closes what newFloor opened.
func newFloor(addr string) (*floor, error) {
	listener, err := listen(addr)
	if err != nil {
		return nil, err
	}
	poller, err := newPoller()
	if err != nil {
		_ = unix.Close(listener)
		return nil, err
	}
	return &floor{poller: poller, listener: listener, rooms: make(map[string]*floorRoom)}, nil
}

// publish writes frames to a room's members and returns how many there are,
// before they are written. After end it returns 0.
func (f *floor) publish(room string, frames []byte) int {
	receivers := make(chan int, 1)
	f.mutex.Lock()
	if f.ended {
		f.mutex.Unlock()
		return 0
	}
	f.pending = append(f.pending, publication{room, frames, receivers})
	f.poller.wake()
	f.mutex.Unlock()
	return <-receivers
}

// end makes run return soon.
func (f *floor) end() {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if !f.ended {
		f.ended = true
		f.poller.wake()
	}
}

// run serves until end.
func (f *floor) run() error {
	defer f.close()
	if err := f.poller.add(f.listener, int32(f.listener), unix.EPOLLIN); err != nil {
		return err
	}
	for {
		events, err := f.poller.wait(-1)
		if err != nil {
			return err
		}
		for i := range events {
			if err := f.handle(events[i].Fd); err != nil {
				return err
			}
		}
		if f.turn() {
			return nil
		}
	}
}

// turn writes what was published and reports whether the floor has ended.
func (f *floor) turn() (ended bool) {
	f.mutex.Lock()
	pending, ended := f.pending, f.ended
	f.pending = nil
	f.mutex.Unlock()
	for i := range pending {
		f.write(&pending[i])
	}
	return ended
}

func (f *floor) close() {
	f.end()
	f.turn()
	for fd := range f.sockets {
		if f.sockets[fd].open {
			_ = unix.Close(fd)
		}
	}
	_ = unix.Close(f.listener)
	f.poller.close()
}

// write writes a publication.
func (f *floor) write(p *publication) {
	room := f.rooms[p.room]
	if room == nil {
		p.receivers <- 0
		return
	}
	p.receivers <- len(room.members)
	f.writeRoom(room, p.frames)
}

// writeRoom is the loop that everything else is compared with.
func (f *floor) writeRoom(room *floorRoom, frames []byte) {
	for _, fd := range room.members {
		f.writeOne(fd, frames)
	}
	f.writes.Add(uint64(len(room.members)))
}

func (f *floor) writeOne(fd int32, frames []byte) {
	if f.skip == nil || !f.skip(fd, frames) {
		writeAll(fd, frames)
	}
}

// writeAll writes b, and waits where the socket's buffer is full. A socket that
// is broken is left to the poller.
func writeAll(fd int32, b []byte) {
	for len(b) > 0 {
		n, errno := rawWrite(int(fd), b)
		if errno == unix.EAGAIN {
			_, _ = unix.Poll([]unix.PollFd{{Fd: fd, Events: unix.POLLOUT}}, -1)
			continue
		}
		if errno != 0 {
			return
		}
		b = b[n:]
	}
}

func (f *floor) handle(token int32) error {
	switch token {
	case wakeToken:
		f.poller.woken()
		return nil
	case int32(f.listener):
		return f.accept()
	}
	f.receive(token)
	return nil
}

// accept takes what waits. Running out of descriptors ends the floor: a figure
// with fewer sockets would be none.
func (f *floor) accept() error {
	for {
		fd, _, err := unix.Accept4(f.listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		switch err {
		case nil:
		case unix.EAGAIN:
			return nil
		case unix.EINTR, unix.ECONNABORTED:
			continue
		default:
			return fmt.Errorf("bench: floor: accepting: %w", err)
		}
		if f.refuse != nil && f.refuse() {
			_ = unix.Close(fd)
			continue
		}
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
		if err := f.poller.add(fd, int32(fd), unix.EPOLLIN); err != nil {
			return err
		}
		for fd >= len(f.sockets) {
			f.sockets = append(f.sockets, floorSocket{})
		}
		f.sockets[fd].open = true
	}
}

func (f *floor) receive(fd int32) {
	n, errno := rawRead(int(fd), f.buffer[:])
	if errno == unix.EAGAIN || errno == unix.EINTR {
		return
	}
	if errno != 0 || n == 0 || !f.answer(fd, f.buffer[:n]) {
		f.drop(fd)
	}
}

func (f *floor) drop(fd int32) {
	s := &f.sockets[fd]
	if s.room != nil {
		members := s.room.members
		moved := members[len(members)-1]
		members[s.place] = moved
		f.sockets[moved].place = s.place
		s.room.members = members[:len(members)-1]
	}
	*s = floorSocket{}
	_ = unix.Close(int(fd))
}

// answer handles what was read, an upgrade or messages, and reports whether the
// socket may stay.
func (f *floor) answer(fd int32, b []byte) bool {
	s := &f.sockets[fd]
	for s.upgraded && len(b) > 0 {
		h, n := codec.ParseHeader(b)
		end := n + int(h.Length)
		if n == 0 || h.Opcode != codec.OpText || end > len(b) {
			return false
		}
		codec.Mask(b[n:end], h.Key, 0)
		f.message(fd, b[n:end])
		b = b[end:]
	}
	if s.upgraded {
		return true
	}
	var request codec.UpgradeRequest
	n, err := request.Parse(b, maxRequestHead)
	if n == 0 || err != nil || request.Check() != nil {
		return false
	}
	s.upgraded = true
	writeAll(fd, codec.AppendUpgradeResponse(nil, request.Key, "", ""))
	return true
}

// message handles one message.
func (f *floor) message(fd int32, payload []byte) {
	room := f.sockets[fd].room
	name, joins := bytes.CutPrefix(payload, []byte(joinHead))
	switch {
	case joins && room == nil:
		f.join(fd, strings.TrimSuffix(string(name), joinTail))
	case room != nil && bytes.HasPrefix(payload, []byte(relayHead)):
		f.frame = codec.AppendFrame(f.frame[:0], codec.OpText, payload)
		f.writeRoom(room, f.frame)
	default:
		f.frame = codec.AppendFrame(f.frame[:0], codec.OpText, payload)
		f.writeOne(fd, f.frame)
	}
}

func (f *floor) join(fd int32, name string) {
	room := f.room(name)
	f.sockets[fd].room, f.sockets[fd].place = room, int32(len(room.members))
	room.members = append(room.members, fd)
	writeAll(fd, codec.AppendFrame(nil, codec.OpText, []byte(floorJoined)))
}

// floorJoined is the floor's answer to every join.
const floorJoined = `{"type":"system",` + joinAction + `,` + joinSuccess + `}}`

func (f *floor) room(name string) *floorRoom {
	room := f.rooms[name]
	if room == nil {
		room = &floorRoom{}
		f.rooms[name] = room
	}
	return room
}
