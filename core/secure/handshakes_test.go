package secure_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core/secure"
)

// pending is a handshake whose progress is told to a channel.
type pending struct {
	*secure.Conn
	news chan struct{}
}

func newPending(config *tls.Config) *pending {
	p := &pending{news: make(chan struct{}, 100)}
	p.Conn = secure.NewConn(secure.Config(config), func() { p.news <- struct{}{} })
	return p
}

// await waits for something new.
func (p *pending) await(t testing.TB) {
	t.Helper()
	select {
	case <-p.news:
	case <-time.After(patience):
		t.Fatal("nothing happens")
	}
}

// end waits for the handshake's end.
func (p *pending) end(t testing.TB) error {
	t.Helper()
	for {
		p.await(t)
		if over, err := p.Shaken(); over {
			return err
		}
	}
}

// halts waits until the handshake has answered, and waits for its peer.
func (p *pending) halts(t testing.TB) {
	t.Helper()
	p.await(t)
	require.Eventually(t, p.Halted, patience, time.Millisecond)
}

// Who waits for its peer lets the others compute, and shows.
func TestHandshakes_Halt(t *testing.T) {
	serverConfig, clientConfig := configs(t)
	hello := clientHello(t, clientConfig)
	shaking := secure.NewHandshakes(1)
	all := []*pending{newPending(serverConfig), newPending(serverConfig), newPending(serverConfig)}
	for _, p := range all {
		require.False(t, p.Halted(), "it has not begun")
		shaking.Begin(p.Conn, bytes.Clone(hello))
	}
	for _, p := range all {
		p.halts(t)
		require.NotEmpty(t, p.Said())
	}
	require.True(t, all[0].Feed([]byte{22})) // the beginning of a record
	require.Eventually(t, all[0].Halted, patience, time.Millisecond, "it waits for the rest")
	for _, p := range all {
		p.Abort()
		require.False(t, p.Halted(), "it ends")
		p.Abort()
		require.ErrorIs(t, p.end(t), net.ErrClosed)
		require.False(t, p.Halted(), "it has ended")
	}
	<-shaking.Stop()
}

// One that is aborted does not wait for its turn to compute any more.
func TestHandshakes_AbortedNeedNoTurn(t *testing.T) {
	serverConfig, clientConfig := configs(t)
	hello := clientHello(t, clientConfig)
	entered, leave := make(chan struct{}, 10), make(chan struct{})
	certificate := serverConfig.Certificates[0]
	slow := &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		entered <- struct{}{}
		<-leave
		return &certificate, nil
	}}
	shaking := secure.NewHandshakes(1)
	halted, computing, queued := newPending(serverConfig), newPending(slow), newPending(serverConfig)
	shaking.Begin(halted.Conn, bytes.Clone(hello))
	halted.halts(t)
	shaking.Begin(computing.Conn, bytes.Clone(hello))
	<-entered
	shaking.Begin(queued.Conn, bytes.Clone(hello))
	require.False(t, computing.Halted())
	require.False(t, queued.Halted())
	for _, p := range []*pending{halted, queued} {
		p.Abort()
		require.ErrorIs(t, p.end(t), net.ErrClosed)
	}
	close(leave)
	computing.halts(t)
	computing.Abort()
	require.Error(t, computing.end(t))
	<-shaking.Stop()
}

// While one computes, the others wait for their turn.
func TestHandshakes_FewCompute(t *testing.T) {
	serverConfig, clientConfig := configs(t)
	entered, leave := make(chan struct{}, 10), make(chan struct{})
	certificate := serverConfig.Certificates[0]
	serverConfig = &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		entered <- struct{}{}
		<-leave
		return &certificate, nil
	}}
	hello := clientHello(t, clientConfig)
	shaking := secure.NewHandshakes(2)
	var all []*pending
	for range 5 {
		p := newPending(serverConfig)
		shaking.Begin(p.Conn, bytes.Clone(hello))
		all = append(all, p)
	}
	<-entered
	<-entered
	select {
	case <-entered:
		t.Fatal("three compute at a time")
	case <-time.After(50 * time.Millisecond):
	}
	for range 3 {
		leave <- struct{}{}
		<-entered
	}
	close(leave)
	for _, p := range all {
		p.Abort()
		require.Error(t, p.end(t))
	}
	<-shaking.Stop()
}

func TestHandshakes_Failures(t *testing.T) {
	serverConfig, clientConfig := configs(t)
	hello := clientHello(t, clientConfig)
	for name, test := range map[string]struct {
		choose func(*tls.ClientHelloInfo) (*tls.Certificate, error)
		says   string
	}{
		"an error": {func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, errors.New("no luck") }, "no luck"},
		"a panic":  {func(*tls.ClientHelloInfo) (*tls.Certificate, error) { panic("bad luck") }, "panicked: bad luck"},
	} {
		t.Run(name, func(t *testing.T) {
			shaking := secure.NewHandshakes(1)
			p := newPending(&tls.Config{GetCertificate: test.choose})
			shaking.Begin(p.Conn, bytes.Clone(hello))
			require.ErrorContains(t, p.end(t), test.says)
			again := newPending(serverConfig) // turns have not been lost
			shaking.Begin(again.Conn, bytes.Clone(hello))
			again.await(t)
			again.Abort()
			require.Error(t, again.end(t))
			<-shaking.Stop()
		})
	}
}

func TestConn_FeedIsBounded(t *testing.T) {
	serverConfig, _ := configs(t)
	p := newPending(serverConfig)
	fed := 0
	for p.Feed(make([]byte, 10_000)) {
		fed += 10_000
		require.Less(t, fed, 1<<20)
	}
	require.Greater(t, fed, 64<<10)
}

func TestExpires(t *testing.T) {
	at := time.Now().Add(time.Hour).Truncate(time.Second).UTC()
	certificate, _ := identity(t, at)
	choose := func(c *tls.Certificate, err error) func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		return func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c, err }
	}
	for name, test := range map[string]struct {
		config *tls.Config
		known  bool
	}{
		"a certificate":                {&tls.Config{Certificates: []tls.Certificate{certificate}}, true},
		"by a function":                {&tls.Config{GetCertificate: choose(&certificate, nil)}, true},
		"a function that wants a name": {&tls.Config{GetCertificate: choose(nil, errors.New("no name"))}, false},
		"without its leaf":             {&tls.Config{Certificates: []tls.Certificate{{Certificate: certificate.Certificate}}}, false},
		"none":                         {&tls.Config{}, false},
	} {
		got, known := secure.Expires(test.config)
		require.Equal(t, test.known, known, name)
		if known {
			require.Equal(t, at, got, name)
		}
	}
}
