package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/admin"
	"github.com/gannet-ws/gannet/core/demo"
)

// serveCommand is gannet serve.
type serveCommand struct {
	Server core.Options  `embed:"" group:"Server"`
	Redis  redisFlags    `embed:"" group:"Redis"`
	Admin  admin.Options `embed:"" group:"Admin"`

	JWTSecretFile    string `name:"jwt-secret-file" group:"Server" help:"File that holds the key of HS256, HS384 and HS512 tokens." placeholder:"FILE"`
	JWTPublicKeyFile string `name:"jwt-public-key-file" group:"Server" help:"PEM file with the public keys or certificates of RS, PS, ES and EdDSA tokens." placeholder:"FILE"`
	TLSCert          string `name:"tls-cert" group:"Server" help:"PEM file with the certificate of --tls-addr, and those that lead to its root. It is read anew at SIGHUP, and when it has changed; connections stay." placeholder:"FILE"`
	TLSKey           string `name:"tls-key" group:"Server" help:"PEM file with the certificate's private key." placeholder:"FILE"`
	APIKeyFile       string `name:"api-key-file" group:"Admin" help:"File that holds the API key." placeholder:"FILE"`

	Workers            int           `default:"1" help:"Processes that share the port, each a node with its own limits and, on the next ports, its own admin listener. More than one need --redis-url. SIGUSR2 replaces them one after another; set the kernel's net.ipv4.tcp_migrate_req=1, or connections that wait to be accepted by one that ends are reset."`
	WorkerStartTimeout time.Duration `default:"1m" help:"Time for a worker to start before it is killed and counts as failed."`

	Profile string       `help:"Preset of settings for a kind of load, beneath the configuration file; gannet profiles lists them." placeholder:"NAME"`
	Runtime runtimeFlags `embed:""`

	PrintRoutes bool   `help:"Print the routes that have a handler, and serve."`
	LogLevel    string `enum:"debug,info,warn,error" default:"info" help:"Least important log lines to write: debug, info, warn or error."`
	LogFormat   string `enum:"text,json" default:"text" help:"Form of log lines: text or json."`

	certificate *certificate // nil: there is no TLS
}

// Run serves until ctx ends, then drains. With several workers it has processes
// do so, whose parent it is.
func (s *serveCommand) Run(ctx context.Context) error {
	parent := parentOf(ctx)
	if err := s.checkWorkers(); err != nil {
		return err
	}
	if err := s.Runtime.apply(); err != nil {
		return err
	}
	if s.Workers > 1 && parent == nil {
		return s.superviseWorkers(ctx)
	}
	s.Server.Log = s.logger()
	if parent != nil {
		parent.assign(s)
	}
	if err := errors.Join(s.readSecrets(), s.readCertificate()); err != nil {
		return err
	}
	defer s.heedReloads(ctx, parent)()
	if err := s.joinOthers(); err != nil {
		return err
	}
	server, err := core.New(s.Server)
	if err != nil {
		return err
	}
	if s.Admin.Demo {
		demo.Register(server)
	}
	if s.PrintRoutes {
		fmt.Println(strings.Join(server.Routes(), "\n"))
	}
	operator, err := admin.Listen(server, s.Admin)
	if err != nil {
		return err
	}
	return s.serve(ctx, server, operator, parent)
}

// heedReloads has the certificate read anew when it should be, if there is one, until
// ctx ends or the returned function is called. Workers look at its files only: a
// signal is their parent's.
func (s *serveCommand) heedReloads(ctx context.Context, parent *parent) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var reloads chan struct{}
	if s.certificate != nil {
		reloads = make(chan struct{}, 1)
		go s.certificate.watch(ctx, reloads)
	}
	if parent != nil {
		return cancel
	}
	ignore := heedAlone(s.Server.Log, reloads)
	return func() { ignore(); cancel() }
}

// joinOthers makes the bus to other nodes, if there is one.
func (s *serveCommand) joinOthers() error {
	nodes, err := s.Redis.open(s.Server.Log)
	if err != nil || nodes == nil {
		return err
	}
	s.Server.Bus = nodes
	return nil
}

// serve runs the server and, around it, the admin listener: a balancer that
// asks whether the server is ready gets an answer from before it listens until
// it has drained. A worker that replaces another leaves the answers to that until
// it serves, and one that is replaced gives no more answers from then on.
func (s *serveCommand) serve(ctx context.Context, server *core.Server, operator *admin.Admin, parent *parent) error {
	serving, stop := context.WithCancel(ctx)
	defer stop()
	administering, stopAdmin := context.WithCancel(context.WithoutCancel(ctx))
	defer stopAdmin()
	var failed error
	administered := make(chan struct{})
	go func() {
		defer close(administered)
		if parent != nil && parent.Replaces {
			server.WaitRunning(administering)
		}
		if failed = operator.Serve(administering); failed != nil {
			stop() // without its admin listener a server cannot be operated
		}
	}()
	go s.announce(serving, server, operator, parent)
	if parent != nil {
		go parent.obey(func() { stopAdmin(); <-administered; server.Retire() }, stop)
	}
	err := server.Run(serving)
	stopAdmin()
	<-administered
	return errors.Join(err, failed)
}

// announce logs, and tells the parent, where the server is to be found once it is.
func (s *serveCommand) announce(ctx context.Context, server *core.Server, operator *admin.Admin, parent *parent) {
	if !server.WaitRunning(ctx) {
		return
	}
	where := []any{"url", "ws://" + reachable(server.Addr()) + s.Server.Path}
	if at := server.TLSAddr(); at != nil {
		where = append(where, "tls-url", "wss://"+reachable(at)+s.Server.Path)
	}
	if s.Server.UnixSocket != "" {
		where = append(where, "unix-socket", s.Server.UnixSocket)
	}
	s.Server.Log.Info("serving WebSocket clients", append(where,
		"admin", "http://"+reachable(operator.Addr()),
		"node", server.NodeID(), "loops", server.Options().Loops, "max-connections", server.MaxConnections())...)
	parent.ready()
}

func (s *serveCommand) logger() *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(s.LogLevel)) // one of four, which it knows
	options := &slog.HandlerOptions{Level: level}
	if s.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}

func (s *serveCommand) readSecrets() error {
	if path := s.JWTPublicKeyFile; path != "" {
		var err error
		if s.Server.JWTPublicKey, err = os.ReadFile(path); err != nil {
			return fmt.Errorf("cannot read jwt-public-key-file: %w", err)
		}
	}
	return errors.Join(
		readSecret("jwt-secret", &s.Server.JWTSecret, s.JWTSecretFile),
		readSecret("api-key", &s.Admin.APIKey, s.APIKeyFile),
	)
}

// readSecret sets a secret from a file, without the line's end.
func readSecret(name string, secret *string, path string) error {
	if path == "" {
		return nil
	}
	if *secret != "" {
		return fmt.Errorf("%s and %s-file are both set: choose one", name, name)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("cannot read %s-file: %w", name, err)
	}
	if *secret = strings.TrimRight(string(raw), "\r\n"); *secret == "" {
		return fmt.Errorf("%s-file %s is empty", name, path)
	}
	return nil
}
