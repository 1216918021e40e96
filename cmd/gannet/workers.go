package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strconv"
	"time"

	"github.com/gannet-ws/gannet/codec/setting"
	"github.com/gannet-ws/gannet/core"
)

// maxWorkers keeps a slip of the pen from filling the machine with processes.
const maxWorkers = 256

const maxPort = 65535

// lastAdminPort is the port on which the last worker would have its admin listener, 0 if
// the kernel is to choose or the address has none.
func (s *serveCommand) lastAdminPort() int {
	address, err := addPort(s.Admin.AdminAddr, s.Workers-1)
	if err != nil {
		return 0
	}
	_, last, _ := net.SplitHostPort(address)
	port, _ := strconv.Atoi(last)
	return port
}

// checkWorkers returns a sentence for settings with which there can be no
// workers.
func (s *serveCommand) checkWorkers() error {
	switch {
	case s.Workers < 1 || s.Workers > maxWorkers:
		return fmt.Errorf("workers is %d: it is 1 to %d", s.Workers, maxWorkers)
	case s.WorkerStartTimeout < 0:
		return errors.New("worker-start-timeout must be above zero")
	case s.Workers > 1 && len(s.Redis.URL) == 0:
		return fmt.Errorf("workers is %d: more than one need redis-url, through which they reach each other's clients", s.Workers)
	case s.lastAdminPort() > maxPort:
		return fmt.Errorf("admin-addr is %q: the last of %d workers would listen on port %d, and a port is at most %d", s.Admin.AdminAddr, s.Workers, s.lastAdminPort(), maxPort)
	case s.Workers > 1 && s.Server.UnixSocket != "":
		return fmt.Errorf("workers is %d: unix-socket is for one, as the kernel does not deal its connections out", s.Workers)
	}
	return nil
}

// checkPlaces returns sentences for addresses on which a parent cannot open what its
// workers listen on.
func (s *serveCommand) checkPlaces() error {
	err := errors.Join(setting.CheckAddress("addr", s.Server.Addr), setting.CheckAddress("admin-addr", s.Admin.AdminAddr))
	if s.Server.TLSAddr != "" {
		err = errors.Join(err, setting.CheckAddress("tls-addr", s.Server.TLSAddr))
	}
	return err
}

// shareLoops gives one of several workers its share of the event loops, of which there
// is one for each CPU, unless their number is set.
func (s *serveCommand) shareLoops(workers int) {
	if workers > 1 && s.Server.Loops == 0 {
		s.Server.Loops = max(1, runtime.GOMAXPROCS(0)/workers)
	}
}

// superviseWorkers is the parent of workers: it serves nobody itself.
func (s *serveCommand) superviseWorkers(ctx context.Context, reloads *reloader) error {
	if err := s.checkPlaces(); err != nil {
		return err
	}
	port, err := holdPort(s.Server.Addr)
	if err != nil {
		return err
	}
	defer port.release()
	tlsAddr, releaseTLS, err := s.holdTLSPort()
	if err != nil {
		return err
	}
	defer releaseTLS()
	admins, err := listenForAdmins(s.Admin.AdminAddr, s.Workers)
	if err != nil {
		return err
	}
	defer closeAll(admins)
	force, kill := context.WithCancel(context.WithoutCancel(ctx))
	defer kill()
	parent := &supervisor{manager: findManager(s.Server.Log), log: s.Server.Log, rolls: make(chan struct{}, 1), reloads: reloads, kill: kill}
	reloads.manager = parent.manager
	reloads.add(parent.reloadWorkers)
	for k, admin := range admins {
		parent.workers = append(parent.workers, &worker{
			assignment: assignment{Worker: core.Worker{Number: k}, Workers: s.Workers, Addr: port.addr.String(), TLSAddr: tlsAddr, Pulse: parent.manager.wantedPulse()},
			admin:      admin,
			force:      force,
			limits:     s.limits(),
			log:        parent.log.With("worker", k),
			requests:   make(chan chan<- replacement),
		})
	}
	return parent.run(ctx)
}

// holdTLSPort holds the port of the listeners for TLS, if there are any.
func (s *serveCommand) holdTLSPort() (addr string, release func(), err error) {
	if s.Server.TLSAddr == "" {
		return "", func() {}, nil
	}
	port, err := holdPort(s.Server.TLSAddr)
	if err != nil {
		return "", nil, err
	}
	return port.addr.String(), port.release, nil
}

// limits are how long the parent waits. A worker that retires takes DrainTimeout at
// most for its clients, and as long again for handlers to return.
func (s *serveCommand) limits() limits {
	const rest = 10 * time.Second
	return limits{start: s.WorkerStartTimeout, retire: 2*s.Server.DrainTimeout + rest}
}
