package bench

import (
	"fmt"
	"net/http"
	"os"
	"sync"
)

// floorWorkers are the other processes of a floor that has several, because one
// cannot hold all sockets. They listen on the same port. The first process hands
// on what is published; like a server's worker it announces only receivers of its
// own.
type floorWorkers struct {
	processes []*process
	admins    *admin // of all of them
}

// startOthers starts all processes but this one. The caller stops them.
func (s *FloorServer) startOthers() (*floorWorkers, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("bench: finding this program: %w", err)
	}
	addrs, ok := nextAddrs(s.AdminAddr, s.Workers)
	if !ok {
		return nil, fmt.Errorf("%w: admin-addr needs a port", ErrOption)
	}
	w := &floorWorkers{admins: newAdmin("", urls(addrs[1:])...)}
	for _, addr := range addrs[1:] {
		p, err := spawn([]string{self, "bench", "floor-server", "--addr", s.Addr, "--admin-addr", addr})
		if err != nil {
			w.stop()
			return nil, err
		}
		w.processes = append(w.processes, p)
	}
	return w, nil
}

func (w *floorWorkers) stop() {
	w.admins.close()
	for _, p := range w.processes {
		p.stop()
	}
}

// forward sends a request to all others, at the same time, and returns how to wait
// for their answers. One that cannot be reached has ended, and its sockets tell.
func (w *floorWorkers) forward(r *http.Request, body []byte) (wait func()) {
	var sending sync.WaitGroup
	for _, base := range w.bases() {
		sending.Go(func() {
			_, _ = w.admins.do(r.Context(), r.Method, base+r.URL.EscapedPath(), r.Header.Get("Content-Type"), body)
		})
	}
	return sending.Wait
}

// bases are the others' URLs; none for a floor in this process, as tests have it.
func (w *floorWorkers) bases() []string {
	if w == nil {
		return nil
	}
	return w.admins.bases
}
