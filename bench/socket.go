package bench

import "golang.org/x/sys/unix"

// stage says how far a socket has come.
type stage uint8

const (
	connecting stage = iota // waits to become writable
	securing                // in the TLS handshake
	upgrading               // waits for the 101
	joining                 // waits for the answer to its hello
	ready                   // receives messages
	gone                    // closed
)

// socket is one connection of the generator. It belongs to its loop.
type socket struct {
	token    int32 // its index in the loop
	fd       int32
	stage    stage
	room     int32
	place    int32 // among those of its room
	sequence sequence
	sent     uint64     // messages that it has sent, see requests
	peers    []sequence // of those who send to its room, by their place in it
	cut      []byte     // the bytes of an incomplete frame; nil mostly
	tls      *tlsConn   // nil without TLS
}

// close closes the connection, which resets it, see connect.
func (s *socket) close() {
	if s.fd >= 0 {
		_ = unix.Close(int(s.fd))
	}
	if s.tls != nil {
		s.tls.abort()
	}
	s.stage, s.cut, s.tls = gone, nil, nil
}

// keep remembers the rest of a read for the next one.
func (s *socket) keep(rest []byte) {
	if len(rest) == 0 {
		s.cut = nil
		return
	}
	s.cut = append(s.cut[:0], rest...)
}
