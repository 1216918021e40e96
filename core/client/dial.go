package client

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/lxzan/gws"
)

// HandshakeError is the answer of a server that did not upgrade the connection.
type HandshakeError struct {
	Status     int           // of HTTP: 401 for a token that is missing or refused
	Text       string        // the server's sentence; may be empty
	Code       string        // upper snake; may be empty
	RetryAfter time.Duration // what the server asked for; 0 if it did not
}

// Error returns a sentence with all but RetryAfter.
func (e *HandshakeError) Error() string {
	text := fmt.Sprintf("the server refused the connection with %d", e.Status)
	if e.Text != "" {
		text += ": " + e.Text
	}
	if e.Code != "" {
		text += " (" + e.Code + ")"
	}
	return text
}

var errSlowHandshake = fmt.Errorf("HandshakeTimeout is over: %w", context.DeadlineExceeded)

// never is longer than any handshake.
const never = 365 * 24 * time.Hour

// maxRefusal is the bytes that are read of the body of a refusal.
const maxRefusal = 4 << 10

// dial makes an upgraded connection, which nobody reads yet. ctx bounds all of
// it.
func (c *Client) dial(ctx context.Context) (*connection, error) {
	header, err := c.header(ctx)
	if err != nil {
		return nil, err
	}
	conn, err := c.open(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot reach the server: %w", because(ctx, err))
	}
	// Closing what gws waits for is the only way to end its wait.
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	n, err := c.upgrade(conn, header)
	if stop() && err == nil {
		return n, nil
	}
	_ = conn.Close()
	return nil, because(ctx, err)
}

// because is why ctx has ended if it has, else err.
func because(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// header returns the headers of the upgrade request.
func (c *Client) header(ctx context.Context) (http.Header, error) {
	header := c.options.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	if c.options.Token == nil {
		return header, nil
	}
	token, err := c.options.Token(ctx)
	if err != nil {
		return nil, fmt.Errorf("no token: %w", err)
	}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	return header, nil
}

// open opens the connection, with TLS for wss.
func (c *Client) open(ctx context.Context) (net.Conn, error) {
	conn, err := c.options.Dial(ctx, "tcp", c.target.addr)
	if err != nil || !c.target.secure {
		return conn, err
	}
	config := c.options.TLS.Clone()
	if config == nil {
		config = &tls.Config{}
	}
	if config.ServerName == "" {
		config.ServerName = c.target.host
	}
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return secure, nil
}

// upgrade makes a WebSocket of the connection.
func (c *Client) upgrade(conn net.Conn, header http.Header) (*connection, error) {
	o := &c.options
	n := &connection{
		client:  c,
		link:    &link{Conn: conn, interval: o.PingInterval, patience: o.PingTimeout, farewell: o.CloseTimeout},
		greeted: make(chan struct{}),
		decided: make(chan struct{}),
		ended:   make(chan struct{}),
	}
	socket, response, err := gws.NewClientFromConn(n, &gws.ClientOption{
		Addr:          c.target.url,
		RequestHeader: header,
		// ctx bounds it: gws leaks a goroutine when its own time is over.
		HandshakeTimeout:    never,
		ReadMaxPayloadSize:  o.MaxMessage,
		WriteMaxPayloadSize: o.MaxMessage,
		CheckUtf8Enabled:    true,
	}, n.link)
	if response != nil && response.StatusCode != http.StatusSwitchingProtocols {
		return nil, refusalOf(response)
	}
	if err != nil {
		return nil, fmt.Errorf("no WebSocket: %w", cmp.Or(n.link.failure(), err))
	}
	n.socket = socket
	n.authenticates = c.target.token || strings.HasPrefix(header.Get("Authorization"), "Bearer ")
	n.link.ping = func() { _ = socket.WritePing(nil) }
	return n, nil
}

// refusalOf reads the server's refusal, {"error":TEXT,"code":CODE} from Gannet.
func refusalOf(response *http.Response) *HandshakeError {
	refusal := &HandshakeError{Status: response.StatusCode}
	if seconds, err := strconv.ParseUint(response.Header.Get("Retry-After"), 10, 31); err == nil {
		refusal.RetryAfter = time.Duration(seconds) * time.Second
	}
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxRefusal)) // what has come is looked at
	told := readError(body)
	refusal.Text, refusal.Code = told.Text, told.Code
	return refusal
}

// retryAfter is the wait that the server asked for, if it did.
func retryAfter(err error) time.Duration {
	var refusal *HandshakeError
	if errors.As(err, &refusal) {
		return refusal.RetryAfter
	}
	return 0
}
