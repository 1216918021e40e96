package bus

import "context"

// Local is the bus of a node that has no others: there is nobody to tell, and
// nothing to wait for.
type Local struct{}

// Open has nobody to hear.
func (Local) Open(Node) error { return nil }

// Close has nothing to end.
func (Local) Close() {}

// Publish has nowhere to send the message.
func (Local) Publish(Message) error { return nil }

// Emit has nowhere to send the event.
func (Local) Emit(*Event) error { return nil }

// Wanted is never true.
func (Local) Wanted(string) bool { return false }

// Enter has nothing to subscribe to.
func (Local) Enter(string) {}

// Leave has nothing to unsubscribe from.
func (Local) Leave(string) {}

// Standing is always true: all publishers are on this node.
func (Local) Standing(string) bool { return true }

// Await calls done at once.
func (Local) Await(_ string, done func(error)) { done(nil) }

// Survey has nobody to ask. A node that the question names is missing.
func (Local) Survey(_ context.Context, q Question) (Survey, error) {
	if q.Node != "" {
		return Survey{Missing: []string{q.Node}}, nil
	}
	return Survey{}, nil
}

// Nodes returns none.
func (Local) Nodes() []NodeStatus { return nil }
