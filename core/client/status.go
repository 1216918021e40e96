package client

// Status is what a client is about.
type Status int32

// The statuses.
const (
	StatusNew          Status = iota // Connect has not been called
	StatusConnecting                 // for the first time
	StatusConnected                  // and in its rooms
	StatusReconnecting               // after a connection ended
	StatusClosed                     // Close has been called
	StatusFailed                     // it has given up
)

var statusNames = [...]string{"new", "connecting", "connected", "reconnecting", "closed", "failed"}

// String returns the status's word.
func (s Status) String() string { return statusNames[s] }

// Status returns what the client is about.
func (c *Client) Status() Status {
	status, _ := c.watch()
	return status
}

// watch returns the status, and a channel that is closed when it changes.
func (c *Client) watch() (Status, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status, c.changed
}

// setStatus needs c.mu.
func (c *Client) setStatus(status Status) {
	c.status = status
	close(c.changed)
	c.changed = make(chan struct{})
}
