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

func TestHandshakes_Limit(t *testing.T) {
	serverConfig, clientConfig := configs(t)
	hello := clientHello(t, clientConfig)
	shaking := secure.NewHandshakes(2, 1)
	first, second, third := newPending(serverConfig), newPending(serverConfig), newPending(serverConfig)
	require.True(t, shaking.Begin(first.Conn, bytes.Clone(hello)))
	require.True(t, shaking.Begin(second.Conn, bytes.Clone(hello)))
	require.False(t, shaking.Begin(third.Conn, bytes.Clone(hello)))
	require.Equal(t, 2, shaking.UnderWay())
	first.await(t) // both have answered: who waits for its peer lets the other compute
	second.await(t)
	require.NotEmpty(t, first.Said())
	require.NotEmpty(t, second.Said())
	first.Abort()
	require.ErrorIs(t, first.end(t), net.ErrClosed)
	require.True(t, shaking.Begin(third.Conn, bytes.Clone(hello)), "there is room again")
	for _, p := range []*pending{second, third} {
		p.Abort()
		p.Abort()
		require.ErrorIs(t, p.end(t), net.ErrClosed)
	}
	<-shaking.Stop()
	require.Zero(t, shaking.UnderWay())
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
	shaking := secure.NewHandshakes(10, 2)
	var all []*pending
	for range 5 {
		p := newPending(serverConfig)
		require.True(t, shaking.Begin(p.Conn, bytes.Clone(hello)))
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
			shaking := secure.NewHandshakes(1, 1)
			p := newPending(&tls.Config{GetCertificate: test.choose})
			require.True(t, shaking.Begin(p.Conn, bytes.Clone(hello)))
			require.ErrorContains(t, p.end(t), test.says)
			require.Zero(t, shaking.UnderWay())
			again := newPending(serverConfig) // turns have not been lost
			require.True(t, shaking.Begin(again.Conn, bytes.Clone(hello)))
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
