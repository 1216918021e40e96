package bench

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

// TestMain lets the test program stand in for the real one: started as "bench
// floor-server" or as "serve" it is a floor, and as "bench generator" a process of
// the load generator.
func TestMain(m *testing.M) {
	arguments := os.Args[1:]
	switch {
	case len(arguments) > 1 && arguments[0] == "bench" && arguments[1] == "floor-server":
		os.Exit(serveFloor(arguments[2:]))
	case len(arguments) > 1 && arguments[0] == "bench" && arguments[1] == "generator":
		os.Exit(hold())
	case len(arguments) > 0 && arguments[0] == "mute":
		fmt.Fprintln(os.Stderr, "nothing to say")
		os.Exit(1)
	case len(arguments) > 1 && arguments[0] == "parent":
		os.Exit(playParent(arguments[1]))
	case len(arguments) > 0 && arguments[0] == "serve":
		os.Exit(serveFloor(arguments[1:]))
	}
	if os.Getenv("GORACE") == "" { // children with the race detector sleep a second at their end
		_ = os.Setenv("GORACE", "atexit_sleep_ms=0")
	}
	goleak.VerifyTestMain(m)
}

func serveFloor(arguments []string) int {
	if slices.Contains(arguments, "--refuse") {
		fmt.Fprintln(os.Stderr, "refusing to start", arguments)
		return 1
	}
	flags := flag.NewFlagSet("floor", flag.ExitOnError)
	var server FloorServer
	flags.StringVar(&server.Addr, "addr", "", "")
	flags.StringVar(&server.AdminAddr, "admin-addr", "", "")
	flags.Int("max-connections", 0, "")
	flags.Int("loops", 0, "")
	flags.Bool("demo", false, "")
	flags.IntVar(&server.Workers, "workers", 1, "")
	_ = flags.Parse(arguments)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := server.Run(ctx, io.Discard); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// hold is a process of the load generator.
func hold() int {
	if err := new(GeneratorProcess).Run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// playParent starts a generator of two processes against a server, prints their
// ids, and waits to be killed.
func playParent(addr string) int {
	e, err := parseEndpoint("ws://" + addr + "/ws")
	if err != nil {
		return 1
	}
	g, err := startGenerator(plan{Endpoint: e, Conns: 10}, 5, []string{os.Args[0]})
	if err != nil {
		return 1
	}
	fmt.Println(g.pids()[1], g.pids()[2])
	select {}
}
