package bench

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
)

// maxConnectionsSpare is how many connections more than measured a spawned server
// may hold.
const maxConnectionsSpare = 100

// Target says which server is measured.
type Target struct {
	Setup
	Dialect `group:"Servers with another protocol:"`
	TLS     `group:"TLS:"`

	URL     string `name:"url" help:"Where the sockets connect, ws:// or wss://." default:"ws://127.0.0.1:3000/ws" placeholder:"URL"`
	Admin   string `name:"admin" help:"Admin listener of the server." default:"http://127.0.0.1:3001" placeholder:"URL"`
	PID     int    `name:"pid" help:"Process of a running server on this machine, to read its CPU time and memory." placeholder:"PID"`
	Spawn   bool   `name:"spawn" help:"Start a server for each measurement, on free loopback ports, and stop it afterwards. Of --url only the path and the query count."`
	NoFloor bool   `name:"no-floor" help:"Do not measure the bare write loop beside the server. It speaks no TLS."`

	ServerCommand string `name:"server-command" help:"With --spawn: the command of another server, instead of this program's. It is cut at spaces, and gets the flags --addr and --admin-addr, and --loops if that is set." placeholder:"COMMAND"`
}

// Setup is what all scenarios have: how servers are started, how they are loaded,
// and where the result goes.
type Setup struct {
	APIKey     string   `name:"api-key" help:"Key of the admin listener, also of a spawned one that takes it from the environment." placeholder:"KEY"`
	Loops      int      `name:"loops" help:"Event loops of the spawned server; 0 leaves it its default." placeholder:"N"`
	ServerFlag []string `name:"server-flag" help:"A further flag of the spawned server; may be repeated." sep:"none" placeholder:"FLAG"`

	TokenSecret string `name:"token-secret" help:"Each socket is a user of its own, with a token (HS256) that this secret signs. A spawned server has it from $GANNET_JWT_SECRET." placeholder:"SECRET"`

	GeneratorLoops  int    `name:"generator-loops" help:"Event loops of the load generator, of each of its processes." default:"1" placeholder:"N"`
	ConnsPerProcess int    `name:"conns-per-process" help:"Sockets that one process of the load generator holds at most. For more of them it starts others." default:"15000" placeholder:"N"`
	Progress        bool   `name:"progress" help:"Show progress on standard error each second, also where that is no terminal."`
	JSON            string `name:"json" help:"Write the result as JSON to a file, or with - to the output in place of the table." placeholder:"FILE"`
	HTML            string `name:"report" help:"Write the result as a page with charts to a file." placeholder:"FILE"`

	// Program is the command to which "serve …" and "bench floor-server …" are
	// appended. Empty: this program.
	Program []string `kong:"-"`
}

// subject is a server that can be measured.
type subject struct {
	setup    *Setup
	name     string
	endpoint endpoint
	dialect  Dialect
	admin    *admin
	pid      int      // with all its descendants; 0 when unknown: no CPU time, no memory
	process  *process // nil when it is not ours
}

func (s *subject) close() {
	s.admin.close()
	if s.process != nil {
		s.process.stop()
	}
}

// open returns the server, started if so asked. The caller closes it.
func (t *Target) open(ctx context.Context, conns int) (*subject, error) {
	switch {
	case t.ServerCommand != "" && !t.Spawn:
		return nil, fmt.Errorf("%w: server-command is for servers that spawn starts", ErrOption)
	case t.ServerCommand != "" && len(t.ServerFlag) > 0:
		return nil, fmt.Errorf("%w: the flags of another server stand in server-command, not in server-flag", ErrOption)
	case t.Spawn && t.ServerCommand == "" && t.URL != plain(t.URL):
		return nil, fmt.Errorf("%w: the server that spawn starts speaks no TLS: use ws://, or server-command for one that does", ErrOption)
	case t.Spawn && t.PublishURL != "" && !strings.HasPrefix(t.PublishURL, "/"):
		return nil, fmt.Errorf("%w: with spawn, publish-url must be a path at the admin listener, whose port nobody knows before", ErrOption)
	}
	trusted, err := t.security()
	if err = errors.Join(err, t.Dialect.check()); err != nil {
		return nil, err
	}
	s, err := t.find(ctx, conns)
	if err != nil {
		return nil, err
	}
	if err := t.introduce(s, trusted); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// find starts the server if so asked, and otherwise takes the one that runs.
func (t *Target) find(ctx context.Context, conns int) (*subject, error) {
	if t.Spawn {
		return t.spawnServer(ctx, "server", t.URL, t.ServerCommand, conns)
	}
	e, err := parseEndpoint(t.URL)
	if err != nil {
		return nil, err
	}
	return &subject{setup: &t.Setup, name: "server", endpoint: e, admin: newAdmin(t.APIKey, t.Admin), pid: t.PID}, nil
}

// introduce says how a server is spoken to, and trusted.
func (t *Target) introduce(s *subject, trusted security) (err error) {
	s.dialect = t.Dialect
	s.admin.trust(&trusted)
	if s.endpoint.TLS != nil {
		s.endpoint.TLS.CA, s.endpoint.TLS.Insecure = trusted.CA, trusted.Insecure
	}
	s.admin.publishing, err = t.publishing(s.admin.bases[0])
	return err
}

// maxSockets is more than a machine can hold. Without a bound a slip of the finger
// would start thousands of processes.
const maxSockets = 2_000_000

func checkSockets(conns int) error {
	if conns > maxSockets {
		return fmt.Errorf("%w: %d sockets are too many, the most is %d", ErrOption, conns, maxSockets)
	}
	return nil
}

// spawnFloor starts the floor, which speaks no TLS, for so many sockets. The caller
// closes it.
func (s *Setup) spawnFloor(ctx context.Context, name, likeURL string, conns int) (*subject, error) {
	arguments := []string{"bench", "floor-server", "--workers=" + strconv.Itoa(s.floorWorkers(conns))}
	return s.spawn(ctx, name, likeURL, arguments)
}

// floorWorkers returns the number of processes for a floor of so many sockets: as
// many as the server has, or as they need if it has one. The kernel does not deal
// sockets out evenly.
func (s *Setup) floorWorkers(conns int) int {
	const each = 15_000
	return max(countWorkers(s.ServerFlag), (conns+each-1)/each)
}

// spawnServer starts a server for so many sockets: that of the command, or if that
// is blank this program's.
func (s *Setup) spawnServer(ctx context.Context, name, likeURL, command string, conns int) (*subject, error) {
	if words := strings.Fields(command); len(words) > 0 {
		return s.start(ctx, name, likeURL, append(words, s.loopFlags()...))
	}
	return s.spawn(ctx, name, likeURL, s.serve(conns))
}

// serve returns the arguments that start a server for so many sockets. Where it has
// workers, of which each has the limit, or conns is 0, it holds what it can.
func (s *Setup) serve(conns int) []string {
	flags := []string{"serve"}
	if conns > 0 && countWorkers(s.ServerFlag) == 1 {
		flags = append(flags, "--max-connections", strconv.Itoa(conns+maxConnectionsSpare))
	}
	return append(append(flags, s.loopFlags()...), s.ServerFlag...)
}

func (s *Setup) loopFlags() []string {
	if s.Loops <= 0 {
		return nil
	}
	return []string{"--loops", strconv.Itoa(s.Loops)}
}

// spawn starts this program with arguments, see start.
func (s *Setup) spawn(ctx context.Context, name, likeURL string, arguments []string) (*subject, error) {
	command, err := s.program()
	if err != nil {
		return nil, err
	}
	return s.start(ctx, name, likeURL, append(command, arguments...), s.environment()...)
}

// start starts a command on free ports, one more for each of its workers, and waits
// for it. Of the URL the path and the query count.
func (s *Setup) start(ctx context.Context, name, likeURL string, command []string, variables ...string) (*subject, error) {
	addrs, err := freeAddrs(1 + countWorkers(command))
	if err != nil {
		return nil, err
	}
	addr, adminAddrs := addrs[0], addrs[1:]
	e, err := spawnedEndpoint(likeURL, addr)
	if err != nil {
		return nil, err
	}
	p, err := spawn(append(command, "--addr", addr, "--admin-addr", adminAddrs[0]), variables...)
	if err != nil {
		return nil, err
	}
	started := &subject{setup: s, name: name, endpoint: e, admin: newAdmin(s.APIKey, urls(adminAddrs)...), pid: p.pid, process: p}
	if err := p.awaitReady(ctx, started.admin.ready); err != nil {
		started.close()
		return nil, err
	}
	return started, nil
}

// environment is what a server of this program is told that nobody else should read.
func (s *Setup) environment() []string {
	if s.TokenSecret == "" {
		return nil
	}
	return []string{"GANNET_JWT_SECRET=" + s.TokenSecret}
}

func (s *Setup) program() ([]string, error) {
	if len(s.Program) > 0 {
		return append([]string(nil), s.Program...), nil
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("bench: finding this program: %w", err)
	}
	return []string{self}, nil
}

// plain is a URL without TLS.
func plain(rawURL string) string {
	if rest, ok := strings.CutPrefix(rawURL, "wss://"); ok {
		return "ws://" + rest
	}
	return rawURL
}

// spawnedEndpoint is a URL at another address, where certificates have its name.
func spawnedEndpoint(likeURL, addr string) (endpoint, error) {
	u, err := url.Parse(likeURL)
	if err != nil {
		return endpoint{}, fmt.Errorf("bench: reading the URL: %w", err)
	}
	name := u.Hostname()
	u.Host = addr
	e, err := parseEndpoint(u.String())
	if e.TLS != nil {
		e.TLS.ServerName = name
	}
	return e, err
}
