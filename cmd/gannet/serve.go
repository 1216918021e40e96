package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/admin"
	"github.com/gannet-ws/gannet/core/demo"
)

// serveCommand is gannet serve.
type serveCommand struct {
	Server core.Options  `embed:"" group:"Server"`
	Redis  redisFlags    `embed:"" group:"Redis"`
	Admin  admin.Options `embed:"" group:"Admin"`

	JWTKeys    keyFiles `embed:"" group:"Server"`
	TLSCert    string   `name:"tls-cert" group:"Server" help:"PEM file with the certificate of --tls-addr, and those that lead to its root. It is read anew at SIGHUP, and when it has changed; connections stay." placeholder:"FILE"`
	TLSKey     string   `name:"tls-key" group:"Server" help:"PEM file with the certificate's private key." placeholder:"FILE"`
	APIKeyFile string   `name:"api-key-file" group:"Admin" help:"File that holds the API key." placeholder:"FILE"`
	APIKeys    string   `name:"api-keys-file" group:"Admin" help:"YAML file with further API keys, each with a name and scopes: publish, read, manage, metrics." placeholder:"FILE"`

	Workers            int           `default:"1" help:"Processes that share the port, each a node with its own limits and, on the next ports, its own admin listener. More than one need --redis-url. SIGUSR2 replaces them one after another; set the kernel's net.ipv4.tcp_migrate_req=1, or connections that wait to be accepted by one that ends are reset."`
	WorkerStartTimeout time.Duration `default:"1m" help:"Time for a worker to start before it is killed and counts as failed."`

	Profile string       `help:"Preset of settings for a kind of load, beneath the configuration file; gannet profiles lists them." placeholder:"NAME"`
	Runtime runtimeFlags `embed:""`

	PrintRoutes bool   `help:"Print the routes that have a handler, and serve."`
	LogLevel    string `enum:"debug,info,warn,error" default:"info" help:"Least important log lines to write: debug, info, warn or error."`
	LogFormat   string `enum:"text,json" default:"text" help:"Form of log lines: text or json."`

	certificate *certificate   // nil: there is no TLS
	level       *slog.LevelVar // of the log
	endAdmin    func()         // has the admin listener answer what it has been asked, and end
}

// Run serves until ctx ends, then drains. With several workers it has processes
// do so, whose parent it is.
func (s *serveCommand) Run(ctx context.Context, command *kong.Context) error {
	parent := parentOf(ctx)
	if err := s.checkWorkers(); err != nil {
		return err
	}
	if err := s.Runtime.apply(); err != nil {
		return err
	}
	s.Server.Log = s.logger()
	reloads := s.newReloader(command, parent)
	if parent != nil {
		parent.assign(s)
	} else {
		warn(s.Server.Log, unknownVariables(command.Model)...)
	}
	if s.Workers > 1 && parent == nil {
		return s.superviseWorkers(ctx, reloads)
	}
	if parent == nil {
		var stopped func()
		ctx, stopped = logStop(ctx, s.Server.Log)
		defer stopped()
		defer heedSignals(s.Server.Log, reloads)()
	}
	if err := errors.Join(s.readSecrets(), s.readCertificate()); err != nil {
		return err
	}
	warn(s.Server.Log, s.weaknesses()...)
	if s.certificate != nil {
		watching, stop := context.WithCancel(ctx)
		defer stop()
		go s.certificate.watch(watching)
		reloads.add(s.certificate.take, "tls-cert", "tls-key")
	}
	if err := s.joinOthers(); err != nil {
		return err
	}
	s.Server.Hooks.Drained = func(*core.Server) { s.endAdmin() }
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
	reloads.add(s.keysReloader(server), keySettings...)
	reloads.add(s.apiKeysReloader(operator), apiKeySettings...)
	return s.serve(ctx, server, operator, parent, reloads)
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

// serve runs the server and, around it, the admin listener: a balancer that asks
// whether the server is ready gets an answer from before it listens until it has
// drained, and what is published meanwhile still goes to other nodes. A worker that
// replaces another leaves the answers to that until it serves, and one that is replaced
// gives no more answers from then on.
func (s *serveCommand) serve(ctx context.Context, server *core.Server, operator *admin.Admin, parent *parent, reloads *reloader) error {
	serving, stop := context.WithCancel(ctx)
	defer stop()
	administering, stopAdmin := context.WithCancel(context.WithoutCancel(ctx))
	var failed error
	administered := make(chan struct{})
	s.endAdmin = func() { stopAdmin(); <-administered }
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
	manager := findManager(s.Server.Log)
	reloads.manager = manager
	go reloads.run(serving)
	go s.Runtime.keepSpare(serving)
	defer manager.report(serving, server)()
	if parent != nil {
		defer beat(parent.Pulse, answering(server, parent.Pulse), parent.alive)()
		go parent.obey(reloads.request, func() { s.endAdmin(); server.Retire() }, stop)
	}
	err := server.Run(serving)
	s.endAdmin() // where it has not even begun to serve
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
	s.level = &slog.LevelVar{}
	s.level.Set(levelOf(s.LogLevel))
	options := &slog.HandlerOptions{Level: s.level}
	if s.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}

// warn logs sentences, but empty ones, as warnings.
func warn(log *slog.Logger, warnings ...string) {
	for _, warning := range warnings {
		if warning != "" {
			log.Warn(warning)
		}
	}
}

func (s *serveCommand) readSecrets() error {
	return errors.Join(
		s.JWTKeys.read(&s.Server),
		readSecret("api-key", &s.Admin.APIKey, s.APIKeyFile),
		readAPIKeys(&s.Admin.APIKeys, s.APIKeys),
	)
}
