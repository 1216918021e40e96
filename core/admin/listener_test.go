package admin

import (
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

func TestListen_OnAGivenListener(t *testing.T) {
	given, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	n := newNode(t, settings{admin: Options{AdminAddr: "nowhere", Listener: given}})
	require.Equal(t, given.Addr(), n.admin.Addr())
	n.run()
	require.Equal(t, http.StatusOK, n.get("/ready").status)
}

func TestListen_ClosesAGivenListener(t *testing.T) {
	given, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server, err := core.New(core.Options{})
	require.NoError(t, err)
	admin, err := Listen(server, Options{Listener: given})
	require.NoError(t, err)
	require.NoError(t, background(t, admin.Serve)())
	_, err = given.Accept()
	require.ErrorIs(t, err, net.ErrClosed)
}

// Who has been accepted when the listener is closed is answered: another process
// may go on with the same one, and nobody is to notice.
func TestServe_AnswersThoseItHasAccepted(t *testing.T) {
	n := newNode(t, settings{})
	admin, err := Listen(n.server, Options{AdminAddr: "127.0.0.1:0"})
	require.NoError(t, err)
	stop := background(t, admin.Serve)
	early := (&node{t: t, admin: admin}).tcp()
	require.Eventually(t, func() bool { return admin.listener.places.number() == 1 }, patience, tick)
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	require.Eventually(t, func() bool {
		late, err := net.Dial("tcp", admin.Addr().String())
		if err == nil {
			_ = late.Close()
		}
		return err != nil
	}, patience, tick)
	_, err = io.WriteString(early, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
	require.NoError(t, err)
	answer, err := io.ReadAll(early)
	require.NoError(t, err)
	require.Contains(t, string(answer), "HTTP/1.1 200 OK\r\n")
	require.NoError(t, <-stopped)
}

func TestMetrics_WorkerRestarts(t *testing.T) {
	require.Zero(t, workerRestarts(&figures{}))
	require.Equal(t, 3.0, workerRestarts(&figures{Stats: core.Stats{Worker: &core.Worker{Restarts: 3}}}))
}
