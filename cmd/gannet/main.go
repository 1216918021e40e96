// Command gannet is a WebSocket fan-out server, and the tools around it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/gannet-ws/gannet/bench"
)

// cli is the command line. Every flag is also an environment variable
// (GANNET_MAX_ROOMS for --max-rooms) and a line of the configuration file.
type cli struct {
	Config string `help:"YAML file with settings; flags and the environment override it." placeholder:"FILE"`

	Serve    serveCommand    `cmd:"" help:"Serve WebSocket clients."`
	Publish  publishCommand  `cmd:"" help:"Send one message to clients."`
	Health   healthCommand   `cmd:"" help:"Ask the node on this machine whether it is ready, for health checks of containers."`
	Profiles profilesCommand `cmd:"" help:"List the presets of settings for gannet serve --profile, or show one."`
	Bench    benchCommand    `cmd:"" help:"Measure a server beside a bare write loop over as many sockets."`

	Settings   configCommand     `cmd:"" name:"config" help:"Print the settings of gannet serve, or check a file of them."`
	Token      tokenCommand      `cmd:"" help:"Make a token, or look into one."`
	Version    versionCommand    `cmd:"" help:"Print which gannet this is."`
	Completion completionCommand `cmd:"" help:"Print a script with which a shell completes commands and flags."`

	file, profile *fileResolver // what stands beneath environment and command line; nil: nothing
}

// benchCommand is gannet bench.
type benchCommand struct {
	Fanout      bench.Fanout      `cmd:"" help:"One message at a time to all members of rooms."`
	Merged      bench.Merged      `cmd:"" help:"Bursts of messages, published in one go."`
	Idle        bench.Idle        `cmd:"" help:"Resident memory of idle connections, and how fast they are accepted."`
	Echo        bench.Echo        `cmd:"" help:"Requests of many sockets and their answers."`
	Rooms       bench.Rooms       `cmd:"" help:"Members of many small rooms that talk."`
	Peers       bench.Peers       `cmd:"" help:"Other servers beside this one: fan-out, bursts and idle memory in one table."`
	Cluster     bench.Cluster     `cmd:"" help:"Messages from one node to another over Redis, beside those within a node."`
	Storm       bench.Storm       `cmd:"" help:"All connections break at once and come back."`
	Floor       bench.Floor       `cmd:"" help:"The bare write loop alone, one frame a write and merged: the limit for every server."`
	FloorServer bench.FloorServer `cmd:"" hidden:"" help:"The bare write loop that the others are compared with."`

	Generator bench.GeneratorProcess `cmd:"" hidden:"" help:"A process of the load generator."`
}

// stdin is standard input, for tests to replace.
var stdin io.Reader = os.Stdin

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	go func() {
		<-ctx.Done()
		stop() // a second signal ends the process at once
	}()
	parent, err := findParent()
	if err == nil {
		err = run(withParent(ctx, parent), os.Args[1:])
	}
	if err != nil {
		parent.fail(err)
		os.Exit(1)
	}
}

// run carries out a command line.
func run(ctx context.Context, args []string) error {
	var c cli
	parser, err := newParser(ctx, &c, os.Stdout)
	if err != nil {
		return err
	}
	command, err := parser.Parse(args)
	var parsing *kong.ParseError
	if errors.As(err, &parsing) {
		return fmt.Errorf("%w\nSee gannet --help", parsing)
	}
	if err != nil {
		return err
	}
	if err := refuseZeros(command.Flags()); err != nil {
		return err
	}
	return command.Run()
}

// newParser returns a parser of command lines, whose commands write to out.
func newParser(ctx context.Context, grammar any, out io.Writer) (*kong.Kong, error) {
	return kong.New(grammar,
		kong.Name("gannet"),
		kong.Description("A WebSocket fan-out server for massive connection counts."),
		kong.DefaultEnvars("GANNET"),
		kong.UsageOnError(),
		kong.PostBuild(hideForNodes),
		kong.PostBuild(hideForTokens),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.BindTo(out, (*io.Writer)(nil)),
	)
}

// refuseZeros applies checkZero to the values that flags have.
func refuseZeros(flags []*kong.Flag) error {
	for _, flag := range flags {
		if err := checkZero(flag, flag.Target); err != nil {
			return err
		}
	}
	return nil
}
