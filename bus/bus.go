// Package bus joins a node to the others: what is published here reaches the
// clients that they hold, and the other way round.
package bus

// ClientID is a client's id, 128 bits.
type ClientID [16]byte

// Audience says to whom a message goes.
type Audience uint8

// The audiences.
const (
	All    Audience = iota // every client
	Room                   // the members of Message.Room
	Users                  // the clients of Message.Users
	Client                 // the client Message.Client
)

// Message is a message on its way to clients of other nodes.
type Message struct {
	To      Audience
	Room    string
	Users   []string
	Client  ClientID
	Except  ClientID // gets nothing; zero for nobody
	Payload []byte   // a finished envelope, JSON; immutable
}

// Bus is the way to the other nodes. Any goroutine may call it, event loops
// among them: no method waits for anything.
type Bus interface {
	// Publish sends a message to the clients of all other nodes. It has been
	// delivered to this node's already. An error means that it was not sent.
	Publish(m Message) error

	// Enter notes that the room has a first member on this node, and Leave
	// that the last one has gone: between them the node listens to the room.
	// They come in turns for each room, under a lock of the caller's: they must
	// not call back.
	Enter(room string)
	Leave(room string)

	// Standing reports whether the room's messages are sure to reach this
	// node: its subscription has been confirmed.
	Standing(room string) bool
	// Await calls done, once and on any goroutine, when the subscription of
	// an entered room has been confirmed, or with an error when it cannot be
	// had now. It may call done before it returns.
	Await(room string, done func(error))
}

// Local is the bus of a node that has no others: there is nobody to tell, and
// nothing to wait for.
type Local struct{}

// Publish has nowhere to send the message.
func (Local) Publish(Message) error { return nil }

// Enter has nothing to subscribe to.
func (Local) Enter(string) {}

// Leave has nothing to unsubscribe from.
func (Local) Leave(string) {}

// Standing is always true: all publishers are on this node.
func (Local) Standing(string) bool { return true }

// Await calls done at once.
func (Local) Await(_ string, done func(error)) { done(nil) }
