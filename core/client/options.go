package client

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Options configure a Client. A field's zero value means its default; where a
// setting can be turned off, a negative value does so.
type Options struct {
	// URL is the server's WebSocket endpoint, such as ws://host:3000/ws or
	// wss://host/ws. It may have a query.
	URL string
	// Token is asked for a token at each attempt to connect, which is sent as
	// Authorization: Bearer. An error fails the attempt. An empty token, or no
	// function, connects without one. Its context ends with the attempt; a
	// function that ignores that holds up Close.
	Token func(context.Context) (string, error)
	// Header is sent with the upgrade request.
	Header http.Header
	// TLS is for wss. Nil: as net/http does.
	TLS *tls.Config
	// Dial makes the connections, for example through a proxy. Nil: TCP.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Rooms are joined at each connect, in this order, and before queued
	// messages are sent. See Join.
	Rooms []string

	// MinBackoff and MaxBackoff bound the wait before an attempt to reconnect:
	// it is random, between nothing and a limit that begins at MinBackoff,
	// 500 ms, and doubles with each attempt up to MaxBackoff, 30 s. It begins
	// anew after a connection that lasted for MaxBackoff. With very many
	// clients a longer MinBackoff spreads their return to a restarted server.
	MinBackoff, MaxBackoff time.Duration
	// MaxAttempts is the number of attempts in a row that may fail before the
	// client gives up: 10, which takes about a minute. Negative: it never does.
	MaxAttempts int
	// GiveUp is asked when the server has ended a connection, and reports
	// whether the client should accept that and not come back. Nil: Dismissed.
	// It must not block.
	GiveUp func(Closing) bool

	// MaxQueue is the number of messages that may wait to be sent, 256. Beyond
	// it Send and Request wait while the client is connected, and return
	// ErrQueueFull while it is not.
	MaxQueue int
	// MaxBacklog is the bytes of received messages that may wait for handlers,
	// 4 MiB, where each message counts for 256 bytes more than it has. Beyond it
	// the socket is not read until handlers catch up, and a server will in time
	// close a client that does not read. Only while a Request waits for its
	// reply is it read on, to four times as much; then the requests end with
	// ErrBacklogFull.
	MaxBacklog int
	// MaxMessage is the size of one message in bytes, in both directions, 1 MiB.
	// A larger one from the server ends the connection with 1009.
	MaxMessage int

	// HandshakeTimeout is the time for one attempt: the token, the dial, the
	// upgrade, and the rooms. 10 s.
	HandshakeTimeout time.Duration
	// RequestTimeout is the time for a reply, the wait for a connection
	// included, where the context of Request sets no earlier end. 10 s.
	// Negative: none.
	RequestTimeout time.Duration
	// PingInterval is the silence after which the server is pinged, 30 s. A
	// negative value turns pings off, and with them the detection of dead
	// servers.
	PingInterval time.Duration
	// PingTimeout is the time for the server to show any sign of life after a
	// ping, and to take what is written to it. 20 s.
	PingTimeout time.Duration
	// CloseTimeout is the time for Close to send what is queued and for the
	// server to answer the close frame. 5 s.
	CloseTimeout time.Duration

	// Events are called as the connection comes and goes.
	Events Events
	// Log takes what the client has to say; nothing is logged per message.
	// Nil: slog.Default().
	Log *slog.Logger
}

// StaticToken returns a Token function for a token that does not change.
func StaticToken(token string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return token, nil }
}

// populate gives the fields that are zero their defaults.
func (o *Options) populate() {
	fill(&o.MinBackoff, 500*time.Millisecond)
	fill(&o.MaxBackoff, max(30*time.Second, o.MinBackoff))
	fill(&o.MaxAttempts, 10)
	fill(&o.MaxQueue, 256)
	fill(&o.MaxBacklog, 4<<20)
	fill(&o.MaxMessage, 1<<20)
	fill(&o.HandshakeTimeout, 10*time.Second)
	fill(&o.RequestTimeout, 10*time.Second)
	fill(&o.PingInterval, 30*time.Second)
	fill(&o.PingTimeout, 20*time.Second)
	fill(&o.CloseTimeout, 5*time.Second)
	if o.GiveUp == nil {
		o.GiveUp = Dismissed
	}
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	o.Header = o.Header.Clone()
}

func fill[T int | time.Duration](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

// validate returns a sentence for the first setting that cannot be.
func (o *Options) validate() error {
	positive := []struct {
		name  string
		value int64
	}{
		{"MinBackoff", int64(o.MinBackoff)},
		{"MaxBackoff", int64(o.MaxBackoff)},
		{"MaxQueue", int64(o.MaxQueue)},
		{"MaxBacklog", int64(o.MaxBacklog)},
		{"MaxMessage", int64(o.MaxMessage)},
		{"HandshakeTimeout", int64(o.HandshakeTimeout)},
		{"PingTimeout", int64(o.PingTimeout)},
		{"CloseTimeout", int64(o.CloseTimeout)},
	}
	for _, p := range positive {
		if p.value <= 0 {
			return fmt.Errorf("%s must be above zero", p.name)
		}
	}
	if o.MaxBackoff < o.MinBackoff {
		return fmt.Errorf("MaxBackoff is %s: it cannot be below MinBackoff, %s", o.MaxBackoff, o.MinBackoff)
	}
	for _, room := range o.Rooms {
		if room == "" {
			return errNoRoom
		}
	}
	return nil
}
