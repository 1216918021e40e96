package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
)

// remote is sockets of a child process. It is a part.
//
// The child reads JSON values from its standard input: its plan, and then orders,
// until that is closed. It writes reports to its standard output, the last with a
// tally. As its input closes when this process dies, however that happens, the
// child does not outlive it.
type remote struct {
	process *process
	orders  *json.Encoder
	input   io.Closer
	ended   chan struct{} // closed when the child has reported for the last time

	mutex  sync.Mutex
	latest report
	err    error
}

// report is what a child says of its sockets.
type report struct {
	observation
	Tally *tally `json:",omitempty"` // the last report's
}

// startRemote starts a child, which begins to connect. The caller calls close.
func startRemote(p plan, command []string) (*remote, error) {
	fromUs, input, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	output, fromChild, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("bench: %w", err), fromUs.Close(), input.Close())
	}
	command = append(append([]string(nil), command...), "bench", "generator")
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout = fromUs, fromChild
	child, err := start(cmd)
	_, _ = fromUs.Close(), fromChild.Close()
	if err != nil {
		return nil, errors.Join(err, input.Close(), output.Close())
	}
	r := &remote{process: child, orders: json.NewEncoder(input), input: input, ended: make(chan struct{})}
	go r.read(output)
	if err := r.orders.Encode(&p); err != nil {
		_, closing := r.close()
		return nil, errors.Join(fmt.Errorf("bench: telling a load generator its plan: %w", err), closing)
	}
	return r, nil
}

// read takes the child's reports until its end.
func (r *remote) read(output io.ReadCloser) {
	defer close(r.ended)
	defer func() { _ = output.Close() }()
	decoder := json.NewDecoder(output)
	for {
		var next report
		err := decoder.Decode(&next)
		if err != nil {
			r.lost(err)
			return
		}
		r.mutex.Lock()
		r.latest = next
		r.mutex.Unlock()
		if next.Tally != nil {
			return
		}
	}
}

// lost notes that no more reports will come.
func (r *remote) lost(err error) {
	r.process.kill()
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.err = fmt.Errorf("bench: a process of the load generator (%d) failed: %w: %s", r.process.pid, err, r.process.output.String())
}

func (r *remote) observe() observation {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.latest.observation
}

// order tells the child. Where that fails the child has failed, which read finds.
func (r *remote) order(o order) { _ = r.orders.Encode(o) }

func (r *remote) failure() error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.err
}

func (r *remote) child() int { return r.process.pid }

func (r *remote) close() (*tally, error) {
	_ = r.input.Close()
	<-r.ended
	<-r.process.ended
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.latest.Tally == nil {
		return &tally{}, r.err
	}
	return r.latest.Tally, nil
}
