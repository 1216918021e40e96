package core_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// refusedUpgrade asks for an upgrade that is answered with an error.
func refusedUpgrade(t *testing.T, server *core.Server) (status int, header http.Header, body string) {
	t.Helper()
	conn := raw(t, server)
	_, err := conn.Write(upgradeRequest(server))
	require.NoError(t, err)
	return answered(t, conn)
}

// answered reads the answer to an upgrade request that is refused.
func answered(t *testing.T, conn net.Conn) (status int, header http.Header, body string) {
	t.Helper()
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, response.Header, string(content)
}

// connectMany opens clients one after another.
func connectMany(t *testing.T, server *core.Server, n int) (clients []*client) {
	for range n {
		clients = append(clients, connect(t, server))
	}
	return clients
}

// returns makes sure that Run has returned by itself.
func returns(t *testing.T, ran <-chan error) {
	t.Helper()
	require.NoError(t, next(t, ran))
}

// runInBackground runs a server and returns what Run will.
func runInBackground(t *testing.T, server *core.Server) (ran <-chan error, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	waiting, enough := context.WithTimeout(ctx, patience)
	defer enough()
	require.True(t, server.WaitRunning(waiting))
	return ended, cancel
}

// serves reports whether a client is served: it may be closed meanwhile.
func serves(t *testing.T, server *core.Server, c *client) bool {
	t.Helper()
	_, err := server.Publish(note{"late", 0}.to(core.All()))
	require.NoError(t, err)
	if c.conn.WriteString(askPing) != nil {
		return false
	}
	for {
		select {
		case m := <-c.messages:
			if m.text == wirePong {
				return true
			}
			_, ok := readNote(m.text)
			require.True(t, ok, m.text)
		case end := <-c.closed:
			c.closed <- end
			return false
		case <-time.After(patience):
			t.Fatal("it is not served")
		}
	}
}

// While the first clients are closed the others are served, and who comes is
// sent elsewhere. That the context ends changes nothing.
func TestRetire_ClosesOneAfterAnother(t *testing.T) {
	const many = 300 // one goes each second: the test needs no more than the first
	server := newServer(t, core.Options{Loops: 1, DrainPeriod: many * time.Second, DrainTimeout: time.Hour, DrainDelay: time.Minute})
	ran, stop := runInBackground(t, server)
	clients := connectMany(t, server, many)
	server.Retire()
	server.Retire()
	closed := func() int { return int(server.Stats().Closed["draining"]) }
	eventually(t, func() bool { return closed() > 0 }, "the first is closed")
	require.Equal(t, core.StateDraining, server.State())

	status, header, body := refusedUpgrade(t, server)
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Equal(t, "1", header.Get("Retry-After"))
	require.Contains(t, body, `"DRAINING"`)

	stop()
	served := 0
	for _, c := range clients[:20] {
		if len(c.closed) == 0 && serves(t, server, c) {
			served++
		}
	}
	require.Greater(t, served, 10)
	require.Empty(t, ran)
	for _, c := range clients {
		_ = c.conn.NetConn().Close()
	}
	returns(t, ran)
	require.Less(t, closed(), many)
}

// All are closed in the end, and Run returns by itself.
func TestRetire_ClosesAll(t *testing.T) {
	for name, period := range map[string]time.Duration{"over a while": 300 * time.Millisecond, "at once": allAtOnce} {
		t.Run(name, func(t *testing.T) {
			server := newServer(t, core.Options{Loops: 1, DrainPeriod: period})
			ran, _ := runInBackground(t, server)
			clients := connectMany(t, server, 300) // more than are closed at a time
			server.Retire()
			returns(t, ran)
			for _, c := range clients {
				require.Equal(t, closing{1012, "draining"}, c.end())
			}
			stopped(t, server)
			run(t, server)
			require.Equal(t, wirePong, connect(t, server).ask(askPing), "it can be run again")
		})
	}
}

// When everybody has gone there is nothing to wait for.
func TestRetire_EndsWithTheLastClient(t *testing.T) {
	server := newServer(t, core.Options{DrainPeriod: 59 * time.Minute, DrainTimeout: time.Hour})
	ran, _ := runInBackground(t, server)
	server.Retire()
	returns(t, ran)

	ran, _ = runInBackground(t, server)
	c := connect(t, server)
	server.Retire()
	eventually(t, func() bool { return server.State() == core.StateDraining }, "it retires")
	require.NoError(t, c.conn.NetConn().Close())
	returns(t, ran)
}

func TestRetire_ServerThatDoesNotRun(t *testing.T) {
	server := newServer(t, core.Options{DrainTimeout: time.Hour})
	server.Retire()
	stop := run(t, server)
	require.Equal(t, wirePong, connect(t, server).ask(askPing))
	require.NoError(t, stop())
	server.Retire()
	run(t, server)
	require.Equal(t, wirePong, connect(t, server).ask(askPing))
}
