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
// floor-server" or as "serve" it is a floor.
func TestMain(m *testing.M) {
	arguments := os.Args[1:]
	switch {
	case len(arguments) > 1 && arguments[0] == "bench" && arguments[1] == "floor-server":
		os.Exit(serveFloor(arguments[2:]))
	case len(arguments) > 0 && arguments[0] == "serve":
		os.Exit(serveFloor(arguments[1:]))
	}
	goleak.VerifyTestMain(m)
}

func serveFloor(arguments []string) int {
	if slices.Contains(arguments, "--refuse") {
		fmt.Fprintln(os.Stderr, "refusing to start")
		return 1
	}
	flags := flag.NewFlagSet("floor", flag.ExitOnError)
	var server FloorServer
	flags.StringVar(&server.Addr, "addr", "", "")
	flags.StringVar(&server.AdminAddr, "admin-addr", "", "")
	flags.Int("max-connections", 0, "")
	flags.Int("loops", 0, "")
	_ = flags.Parse(arguments)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := server.Run(ctx, io.Discard); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
