package demo_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/admin"
	"github.com/gannet-ws/gannet/core/demo"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of the tests; only a failing test uses it up.
const patience = 60 * time.Second

// site is a server with its admin listener, which serves the page.
type site struct {
	server *core.Server
	socket string // address of the WebSocket listener
	admin  string // address of the admin listener
	stop   func()
}

// start runs a site on the addresses until the test ends or stops it.
func start(t *testing.T, socket, adminAddr string) *site {
	t.Helper()
	server, err := core.New(core.Options{Addr: socket, DrainPeriod: -1, Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	demo.Register(server)
	operator, err := admin.Listen(server, admin.Options{AdminAddr: adminAddr, MaxPublishSize: 1 << 20, Demo: true})
	require.NoError(t, err)

	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- server.Run(ctx) }()
	go func() { ended <- operator.Serve(ctx) }()
	s := &site{server: server, admin: operator.Addr().String()}
	s.stop = func() {
		if ctx.Err() == nil {
			cancel()
			require.NoError(t, errors.Join(<-ended, <-ended))
		}
	}
	t.Cleanup(s.stop)
	s.socket = running(t, server, ended)
	return s
}

// running waits until the server listens and returns its address.
func running(t *testing.T, server *core.Server, ended chan error) string {
	t.Helper()
	waiting, enough := context.WithTimeout(context.Background(), patience)
	defer enough()
	failed := make(chan error, 1)
	go func() {
		defer close(failed)
		select {
		case err := <-ended:
			ended <- err
			failed <- err
			enough()
		case <-waiting.Done():
		}
	}()
	up := server.WaitRunning(waiting)
	enough()
	require.True(t, up, "the server does not run: %v", <-failed)
	return server.Addr().String()
}
