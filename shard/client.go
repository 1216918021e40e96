package shard

import (
	"encoding/json"
	"sync/atomic"

	"github.com/gannet-ws/gannet/codec"
)

// Socket is a connection: the descriptor of a non-blocking socket, to which the
// shard writes, and a number by which the owner knows it.
type Socket struct {
	FD     int32
	Handle uint32
}

// User is who a client's token says it is. It is immutable and shared.
type User struct {
	ID      string          `json:"-"`       // the subject, as text: the key by which the user is found
	IDJSON  json.RawMessage `json:"userId"`  // the subject as it stood in the token: a JSON number or string
	Payload json.RawMessage `json:"payload"` // the token's claims, a JSON object
	Expires int64           `json:"-"`       // when the token does, in Unix milliseconds; 0: never
}

// Client is the record of one connection. It stays at its address for the life
// of the shard and is used again for another connection after Remove, so a
// *Client must not be kept beyond the callback that got it: keep its ID.
//
// It is two cache lines long, and what a walk reads of it is in the first.
type Client struct {
	// tag is the id's low half while the record is in use, else 0. It is the
	// one field that other goroutines may read.
	tag  atomic.Uint64
	high uint64 // the id's other half

	socket   Socket
	flags    flags
	state    State
	controls uint8 // control frames queued since the queue was last empty
	queue    queue

	Seen     uint32 // Shard.Now at the last input
	Active   uint32 // Shard.Now at the last message
	Deadline uint32 // Shard.Now at which a pinged or closing client is dropped

	pending int32 // bytes that are sealed and wait, of a client with a transport

	user   *User
	rooms  memberships
	Reader codec.Reader // the bytes of an incomplete frame or message

	messages   float32 // tokens left of Options.Messages
	bytes      float32 // tokens left of Options.Bytes
	generation uint16
	Reason     uint8 // why it was closed: an index into the owner's table
	Strikes    uint8 // messages and frames beyond its rates since it last kept within them
}

// State says how far a client's connection has come.
type State uint8

// The states in their order.
const (
	// Free records wait for a connection.
	Free State = iota
	// Open clients receive and are heard.
	Open
	// Closing clients have been sent a close frame; the peer's is awaited.
	Closing
	// HangingUp clients have been sent a close frame, and all that their peer
	// still sends is thrown away until it ends.
	HangingUp
)

type flags uint16

const (
	flagDirty    flags = 1 << iota // on the shard's list of clients to flush
	flagBlocked                    // its socket is full
	flagFinish                     // the owner wants to know when its queue is empty
	flagDoomed                     // on the shard's list of clients to drop
	flagOverflow                   // its backlog met the limit
	flagAwaited                    // the owner watches for room in its socket
	flagPaused                     // the owner does not read from its socket
	flagPinged                     // since its last input
	flagWrapped                    // it has a transport
	flagEcho                       // it is sent what it sends, and nothing else
)

// windowShift is where the flags hold the client's codec.Window: in the upper two
// bits.
const windowShift = 14

// ID returns the client's id.
func (c *Client) ID() ID { return ID{high: c.high, low: c.tag.Load()} }

func (c *Client) slot() uint32 { return c.ID().Slot() }

// Socket returns the connection that the client was added with.
func (c *Client) Socket() Socket { return c.socket }

// User returns who the client is, nil for an anonymous one.
func (c *Client) User() *User { return c.user }

// State returns how far the connection has come.
func (c *Client) State() State { return c.state }

// SetState moves an open client towards its end.
func (c *Client) SetState(state State) { c.state = state }

// Window returns the window with which messages to the client are compressed.
func (c *Client) Window() codec.Window { return codec.Window(c.flags >> windowShift) }

// Awaited reports whether the owner is to watch for room in the client's socket.
func (c *Client) Awaited() bool { return c.flags&flagAwaited != 0 }

// Paused reports whether the owner does not read from the client's socket.
func (c *Client) Paused() bool { return c.flags&flagPaused != 0 }

// SetPaused notes whether the owner reads from the client's socket.
func (c *Client) SetPaused(paused bool) {
	c.flags &^= flagPaused
	if paused {
		c.flags |= flagPaused
	}
}

// Pinged reports whether the client has been pinged since its last input.
func (c *Client) Pinged() bool { return c.flags&flagPinged != 0 }

// SetPinged notes that the client has been pinged.
func (c *Client) SetPinged() { c.flags |= flagPinged }

// Backlog returns what waits for the client, in bytes: the frames queued, each
// with what it costs beside its bytes, and what has been sealed.
func (c *Client) Backlog() int { return c.queue.cost() + int(c.pending) }
