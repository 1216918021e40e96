//go:build torture

package core_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/gannet-ws/gannet/codec"
)

// ending is how a connection goes when it has sent all.
type ending string

const (
	endPolite ending = "close frame, then half-close"
	endHalf   ending = "half-close"
	endReset  ending = "reset"
	endVanish ending = "gone in the middle of a frame"
	endSilent ending = "silence"
)

// connectionPatience is far beyond each timeout of the server, so a connection
// that meets it has been forgotten.
const connectionPatience = 2 * patience

// deafness is time for the server to answer what the kernel took at once.
const deafness = time.Second

// run carries the attack out. The fault is what no peer may be treated to,
// however it behaves.
func (a *attack) run(addr string, counts tally) (written int64, fault error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return 0, err
	}
	p := &peer{conn: conn.(*net.TCPConn), counts: counts}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(connectionPatience))
	heard := make(chan struct{})
	listen := func() {
		defer close(heard)
		p.listen()
	}
	if !a.deaf {
		go listen()
	}
	written = p.write(a)
	if a.deaf {
		time.Sleep(deafness)
	}
	p.end(a.ending)
	if a.deaf {
		go listen()
	}
	<-heard
	counts["connections: "+a.kind]++
	counts["bytes: "+a.kind] += written
	counts["ended by "+string(a.ending)]++
	return written, p.fault
}

// peer is one connection of the torturer. What it hears is held to the
// protocol: bad input is no excuse for bad output.
type peer struct {
	conn   *net.TCPConn
	counts tally
	fault  error

	head   []byte // of the HTTP answer, while it is incomplete
	status string // of the HTTP answer
	reader codec.Reader
	texts  int
}

func (p *peer) write(a *attack) (written int64) {
	for rest := a.bytes; len(rest) > 0; {
		n, err := p.conn.Write(rest[:a.piece(len(rest))])
		written += int64(n)
		if err != nil {
			return written
		}
		rest = rest[n:]
	}
	return written
}

func (p *peer) end(how ending) {
	switch how {
	case endReset:
		_ = p.conn.SetLinger(0)
		_ = p.conn.Close()
	case endVanish:
		_ = p.conn.Close()
	case endPolite, endHalf:
		_ = p.conn.CloseWrite()
	case endSilent:
		// It is the server who has to end it.
	}
}

// listen counts what the server says until it ends the connection, or this side
// has.
func (p *peer) listen() {
	buffer := hearing.Get().(*[64 << 10]byte)
	defer hearing.Put(buffer)
	for {
		n, err := p.conn.Read(buffer[:])
		if n > 0 && p.fault == nil {
			p.hear(buffer[:n])
		}
		switch {
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded):
			p.blame("the server did not end the connection within %s", connectionPatience)
			return
		case errors.Is(err, syscall.ECONNRESET):
			p.counts["reset by the server"]++
			return
		default:
			return
		}
	}
}

var hearing = sync.Pool{New: func() any { return new([64 << 10]byte) }}

func (p *peer) blame(format string, args ...any) {
	if p.fault == nil {
		p.fault = fmt.Errorf(format, args...)
	}
}

func (p *peer) hear(b []byte) {
	if p.status == "" {
		p.head = append(p.head, b...)
		size := bytes.Index(p.head, []byte("\r\n\r\n"))
		if size < 0 {
			return
		}
		if !bytes.HasPrefix(p.head, []byte("HTTP/1.1 ")) {
			p.blame("the server answered %.100q", p.head)
			return
		}
		p.status = string(p.head[9:12])
		p.counts["HTTP "+p.status]++
		b = p.head[size+4:]
	}
	if p.status == "101" {
		p.hearFrames(b)
	}
}

var listening = codec.ReaderConfig{Client: true, MaxMessage: 4 << 20}

func (p *peer) hearFrames(b []byte) {
	for {
		frame, ok, n, err := p.reader.Next(&listening, b)
		if err != nil {
			p.blame("the server broke the protocol: %v", err)
			return
		}
		if !ok {
			return
		}
		b = b[n:]
		p.counts[p.nameOf(frame)]++
	}
}

var textNames = []struct {
	prefix []byte
	name   string
}{
	{[]byte(`{"type":"error"`), "error reply"},
	{[]byte(`{"type":"room","action":"message"`), "room message"},
	{[]byte(`{"type":"auth"`), "authenticated"},
	{[]byte(`{`), "reply"},
}

func (p *peer) nameOf(frame codec.Frame) string {
	if frame.Opcode == codec.OpClose {
		if len(frame.Payload) < 2 {
			return "close without a code"
		}
		return fmt.Sprint("close ", binary.BigEndian.Uint16(frame.Payload))
	}
	if frame.Opcode != codec.OpText {
		return frame.Opcode.String()
	}
	// The check costs more than all else here; one in eight finds what is wrong.
	if p.texts++; p.texts%8 == 1 && !json.Valid(frame.Payload) {
		p.blame("the server sent what is no JSON: %.300q", frame.Payload)
	}
	for _, row := range textNames {
		if bytes.HasPrefix(frame.Payload, row.prefix) {
			return row.name
		}
	}
	p.blame("the server sent what is no envelope: %.300q", frame.Payload)
	return "no envelope"
}
