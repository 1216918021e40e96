package siege_test

import (
	"bufio"
	"encoding/binary"
	"errors"
	"net"
	"time"

	"github.com/gannet-ws/gannet/codec"
)

// peer is a WebSocket client that does only what it is told.
type peer struct {
	conn   net.Conn
	reader codec.Reader
	room   []byte // what is read into
	in     []byte // read and not yet looked at
	out    []byte
}

var clientSide = codec.ReaderConfig{Client: true, MaxMessage: 32 << 20}

const upgradeKey = "dGhlIHNhbXBsZSBub25jZQ=="

// request is an upgrade request.
func request(host, path, more string) []byte {
	return codec.AppendUpgradeRequest(nil, host, path, []byte(upgradeKey), more)
}

// connect opens a connection and upgrades it.
func connect(addr, path string) (*peer, error) {
	conn, err := dial(addr)
	if err != nil {
		return nil, err
	}
	p, err := upgrade(conn, path, "")
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return p, nil
}

func dial(addr string) (net.Conn, error) { return net.DialTimeout("tcp", addr, patience) }

var errRefused = errors.New("the upgrade is refused")

// upgrade makes a WebSocket of a connection.
func upgrade(conn net.Conn, path, more string) (*peer, error) {
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := conn.Write(request("siege", path, more)); err != nil {
		return nil, err
	}
	in := bufio.NewReaderSize(conn, 1<<10)
	for first := true; ; first = false {
		line, err := in.ReadString('\n')
		switch {
		case err != nil:
			return nil, err
		case first && line != "HTTP/1.1 101 Switching Protocols\r\n":
			return nil, errRefused
		case line == "\r\n":
			rest, _ := in.Peek(in.Buffered())
			_ = conn.SetDeadline(time.Time{})
			return &peer{conn: conn, in: append([]byte(nil), rest...)}, nil
		}
	}
}

// next returns the next frame that comes.
func (p *peer) next() (op codec.Opcode, payload []byte, err error) {
	for {
		frame, ok, n, err := p.reader.Next(&clientSide, p.in)
		if err != nil {
			return 0, nil, err
		}
		p.in = p.in[n:]
		if ok {
			return frame.Opcode, frame.Payload, nil
		}
		if p.room == nil {
			p.room = make([]byte, 1<<10)
		}
		size, err := p.conn.Read(p.room)
		if err != nil {
			return 0, nil, err
		}
		p.in = p.room[:size]
	}
}

func (p *peer) text(payload string) error { return p.frame(codec.OpText, []byte(payload)) }

func (p *peer) frame(op codec.Opcode, payload []byte) error {
	p.out = codec.AppendMaskedFrame(p.out[:0], op, true, [4]byte{1, 2, 3, 4}, payload)
	return p.write(p.out)
}

func (p *peer) write(b []byte) error {
	_, err := p.conn.Write(b)
	return err
}

// announce is the header of a masked frame, whatever its length says.
func announce(first byte, length uint64) []byte {
	header := binary.BigEndian.AppendUint64([]byte{first, 0x80 | 127}, length)
	return append(header, 1, 2, 3, 4)
}
