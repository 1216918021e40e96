package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/redis/rueidis"
)

// connection is one connection to one Redis server. It ends once and never comes
// back by itself: whoever has it decides what an end means. Its methods are for
// one goroutine.
type connection struct {
	client  rueidis.Client
	wire    rueidis.DedicatedClient
	release func()
	ctx     context.Context
	end     context.CancelFunc // closes the socket; any goroutine may
	watched sync.WaitGroup     // what ends with ctx
	lost    <-chan error       // says why the connection has ended, or is closed
	timeout time.Duration
}

// hooks are what a connection calls for what it receives, on a goroutine of its
// own that reads: they must not block.
type hooks = rueidis.PubSubHooks

const (
	readBuffer  = 64 << 10
	writeBuffer = 64 << 10
)

// errNotAsked keeps rueidis from opening a connection that nobody uses.
var errNotAsked = errors.New("the connection was not asked for")

// connect opens a connection, which ends with ctx. timeout bounds this, and each
// command.
func connect(ctx context.Context, address string, access access, timeout time.Duration, hooks hooks) (*connection, error) {
	ctx, end := context.WithCancel(ctx)
	c := &connection{timeout: timeout, ctx: ctx, end: end}
	dial := func() (net.Conn, error) { return nil, errNotAsked }
	client, err := rueidis.NewClient(rueidis.ClientOption{
		DialCtxFn:           func(context.Context, string, *net.Dialer, *tls.Config) (net.Conn, error) { return dial() },
		InitAddress:         []string{address},
		Username:            access.username,
		Password:            access.password,
		SelectDB:            access.database,
		ClientName:          "gannet",
		ForceSingleClient:   true,
		DisableCache:        true,
		DisableRetry:        true,
		PipelineMultiplex:   -1,
		BlockingPoolSize:    1,
		RingScaleEachConn:   4,
		ReadBufferEachConn:  readBuffer,
		WriteBufferEachConn: writeBuffer,
		ConnWriteTimeout:    timeout,
		Dialer:              net.Dialer{Timeout: timeout, KeepAlive: -1}, // without pings of its own
	})
	if client == nil {
		end()
		return nil, err
	}
	c.client = client
	dial = func() (net.Conn, error) { return access.dial(ctx, address, timeout) }
	c.wire, c.release = client.Dedicate()
	c.lost = c.wire.SetPubSubHooks(hooks)
	if err := c.do(ctx, c.wire.B().Ping().Build()); err != nil {
		c.close()
		return nil, fmt.Errorf("cannot connect to Redis at %s: %w", address, err)
	}
	return c, nil
}

// dial opens a socket, which is closed when ctx ends.
func (a *access) dial(ctx context.Context, address string, timeout time.Duration) (net.Conn, error) {
	dialer := net.Dialer{Timeout: timeout, KeepAliveConfig: net.KeepAliveConfig{Enable: true}}
	socket, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = socket.Close() })
	if a.tls == nil {
		return socket, nil
	}
	shaking, done := context.WithTimeout(ctx, timeout)
	defer done()
	secure := tls.Client(socket, a.secureTo(address))
	return secure, secure.HandshakeContext(shaking)
}

// secureTo returns the settings of TLS to a server that may be another than the
// URL's: it has to show a certificate for its own name, or where only its address
// is known for the URL's.
func (a *access) secureTo(address string) *tls.Config {
	if a.tls.ServerName != "" {
		return a.tls
	}
	settings := a.tls.Clone()
	settings.ServerName = a.host
	if host, _, err := net.SplitHostPort(address); err == nil && net.ParseIP(host) == nil {
		settings.ServerName = host
	}
	return settings
}

// builder makes commands.
func (c *connection) builder() rueidis.Builder { return c.wire.B() }

// do sends commands and returns the first error among the answers.
func (c *connection) do(ctx context.Context, commands ...rueidis.Completed) error {
	for _, result := range c.ask(ctx, commands...) {
		if err := result.Error(); err != nil {
			return err
		}
	}
	return nil
}

// ask sends commands and returns the answers.
func (c *connection) ask(ctx context.Context, commands ...rueidis.Completed) []rueidis.RedisResult {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	return c.wire.DoMulti(ctx, commands...)
}

// close ends the connection. It does not wait for the server: the socket goes
// first.
func (c *connection) close() {
	c.end()
	c.release()
	c.client.Close()
	c.watched.Wait()
}

var errLost = errors.New("the connection to Redis has ended")

func lostBecause(err error) error {
	if err == nil {
		return errLost
	}
	return fmt.Errorf("%w: %w", errLost, err)
}

// isRefusal reports whether Redis itself answered with an error: what was asked
// for was not done.
func isRefusal(err error) bool {
	_, refused := rueidis.IsRedisErr(err)
	return refused
}

// isMoved reports whether another server of the Cluster is to be asked.
func isMoved(err error) bool {
	refusal, refused := rueidis.IsRedisErr(err)
	if !refused {
		return false
	}
	_, moved := refusal.IsMoved()
	return moved || refusal.IsClusterDown()
}
