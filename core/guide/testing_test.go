package guide

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait; only what fails uses it up.
const patience = 15 * time.Second

var quiet = slog.New(slog.DiscardHandler)

// newServer makes a server on a free port of loopback that does not run yet.
func newServer(options core.Options) *core.Server {
	if options.Addr == "" {
		options.Addr = "127.0.0.1:0"
	}
	if options.Log == nil {
		options.Log = quiet
	}
	options.DrainPeriod = -1 // nobody waits for a turn to be closed
	server, err := core.New(options)
	if err != nil {
		panic(err)
	}
	return server
}

// serve runs a server until the returned function is called.
func serve(server *core.Server) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	waiting, enough := context.WithTimeout(ctx, patience)
	defer enough()
	if !server.WaitRunning(waiting) {
		panic(<-ended)
	}
	return func() {
		cancel()
		if err := <-ended; err != nil {
			panic(err)
		}
	}
}

// url is the server's address for clients.
func url(server *core.Server) string {
	return "ws://" + server.Addr().String() + server.Options().Path
}

// newClient connects a client, on which prepare may register handlers first.
func newClient(server *core.Server, options client.Options, prepare ...func(*client.Client)) *client.Client {
	options.URL, options.Log = url(server), quiet
	c, err := client.New(options)
	if err != nil {
		panic(err)
	}
	for _, p := range prepare {
		p(c)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := c.Connect(ctx); err != nil {
		panic(err)
	}
	return c
}

// start is newServer and serve for a test.
func start(t *testing.T, options core.Options, prepare ...func(*core.Server)) *core.Server {
	t.Helper()
	server := newServer(options)
	for _, p := range prepare {
		p(server)
	}
	t.Cleanup(serve(server))
	return server
}
