// Package bus joins a node to the others: what is published here reaches the
// clients that they hold, events reach the subscribers of all of them, and the
// other way round.
//
// A node has one Bus. Local is that of a node without others, Hub joins nodes of
// one process. Subscribers of events stand in a Dispatcher, and Service is the
// bus for code that only wants to send, in a process with clients or without.
package bus

import (
	"context"
	"encoding/json"
	"time"
)

// ClientID is a client's id, 128 bits.
type ClientID [16]byte

// Audience says to whom a message goes.
type Audience uint8

// The audiences.
const (
	All     Audience = iota // every client
	Room                    // the members of Message.Room
	Rooms                   // the members of Message.Rooms, each once
	Users                   // the clients of Message.Users
	Clients                 // Message.Clients
)

// Message is a message on its way to clients of other nodes. All that it holds
// is immutable.
type Message struct {
	To      Audience
	Room    string
	Rooms   []string
	Users   []string // by the subjects of their tokens
	Clients []ClientID
	Except  ClientID // gets nothing; zero for nobody
	Where   string   // a condition on who of the audience gets it; empty for all
	Payload []byte   // a finished envelope, JSON
}

// Bus is the way to the other nodes. Any goroutine may call it, event loops
// among them: no method but Open, Close and Survey waits for anything, and those
// are not for event loops.
type Bus interface {
	// Open begins to hand the node what the others send. It must be called once
	// before Enter, Leave, Standing and Await; Publish and Emit work without
	// it, for a process that only sends.
	Open(node Node) error
	// Close ends what Open began. The bus can be opened again.
	Close()

	// Publish sends a message to the clients of all other nodes. It has been
	// delivered to this node's already. An error means that it was not sent.
	Publish(m Message) error
	// Emit sends an event to the subscribers of all other nodes, as Publish
	// does a message.
	Emit(e *Event) error
	// Wanted reports whether somebody else may listen to the channel: if not,
	// the event need not be made.
	Wanted(channel string) bool

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

	// Survey asks other nodes, and waits until all that should answer have, or
	// ctx ends, which is no error: who has not answered by then is missing. All
	// nodes that are known to be alive should answer, or the one that the
	// question names, known or not; what others answer meanwhile counts too. An
	// error says that nobody could be asked; all who should have been are
	// missing.
	Survey(ctx context.Context, q Question) (Survey, error)
	// Nodes returns the other nodes that are known to be alive, by id. The slice
	// is the caller's.
	Nodes() []NodeStatus
}

// Node is what a bus has to know of the node that it serves. The bus calls it on
// goroutines of its own or of other publishers; it does not wait, but where a
// method says so.
type Node interface {
	// ID names the node: 12 hex digits, the first of its clients' ids.
	ID() string
	// Deliver sends a message to those of its audience that the node holds.
	// Messages of one publisher come in the order of its calls.
	// It reports false where the node had no room for it: nobody has got it then,
	// and the bus tells of a gap, if it can.
	Deliver(m Message) bool
	// Hear runs the node's subscribers of the event.
	Hear(e *Event)
	// Missed says that messages or events of others have not reached the
	// node, or may not have. It may wait: the bus keeps up to a bound what it
	// has to say meanwhile, and joins what concerns the same channel.
	Missed(g Gap)
	// Reply hands a client an application's answer to a request that went
	// upstream: {"clientId":…,"id":…,"type":…,"action":…,"response":…}.
	Reply(payload []byte)
	// Wants reports whether the node wants the events of a channel.
	Wants(channel string) bool
	// Channels returns the channels whose events the node wants, or all.
	// It does not change while the bus is open.
	Channels() (names []string, all bool)
	// Answer answers another node's question, with strict JSON or an error whose
	// text the other is told. It may wait, and returns soon when ctx ends: nobody
	// waits for the answer any more. The bus calls it for several questions at
	// the same time.
	Answer(ctx context.Context, q Question) (json.RawMessage, error)
	// Figures returns what the other nodes are told with each sign of life.
	Figures() Figures
}

// Gap is a loss that the bus could not exclude. What was published to the channel,
// or to the rooms, between From and To by this node's clock may be missing here,
// and nothing else is.
type Gap struct {
	// Channel is where it was lost, as the bus names it. It is empty where a
	// connection was lost, for the gap of all that clients get over it.
	Channel string
	// Rooms are the rooms concerned, the node's to keep. With All any client
	// may be concerned, in a room or not. With neither, what is missing are
	// events for subscribers and what nodes tell each other.
	Rooms []string
	All   bool
	// Count is the number of messages that are missing for sure, and there are
	// no others; 0 when it is not known whether and how many.
	Count    uint64
	From, To time.Time
}

// Reporter is a Bus that has a connection to lose.
type Reporter interface {
	// Status and Stats may be called from any goroutine, and do not wait.
	Status() Status
	Stats() Stats
}

// Status is how a bus's connection is.
type Status struct {
	Connected bool      `json:"connected"`
	Since     time.Time `json:"since"`             // of the last change of Connected
	Problem   string    `json:"problem,omitempty"` // a sentence: why it is not connected, empty when it is
}
