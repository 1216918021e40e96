package main

import (
	"encoding/json"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gannet-ws/gannet/core"
)

// A parent and each of its workers say a few words to each other over a pair of
// sockets. The end of one process is the end of stream for the other, however it
// ended, so neither outlives the other unnoticed.

// workerVariable is the environment variable with which a parent makes a process
// a worker. Its name begins such that it cannot be that of a flag.
const workerVariable = "_GANNET_WORKER"

// Descriptors that a worker inherits, beside the standard streams.
const (
	controlDescriptor = 3 + iota
	adminDescriptor
)

// assignment is what a parent tells a worker at its start, in workerVariable.
type assignment struct {
	core.Worker
	Workers  int    `json:"workers"`  // of the parent
	Addr     string `json:"addr"`     // that the workers share
	TLSAddr  string `json:"tlsAddr"`  // and for TLS; empty without it
	Replaces bool   `json:"replaces"` // another process of this number still serves

	Pulse time.Duration `json:"pulse,omitempty"` // within which the parent wants a sign of life; 0: it wants none
}

// word is what the two say: one JSON value a line.
type word struct {
	Ready   bool   `json:"ready,omitempty"`   // from a worker: it serves
	Alive   bool   `json:"alive,omitempty"`   // from a worker: its event loops answer
	Failure string `json:"failure,omitempty"` // from a worker: why it ends, a sentence
	Reload  bool   `json:"reload,omitempty"`  // from the parent: settings may have changed
	Retire  bool   `json:"retire,omitempty"`  // from the parent: another one serves in the worker's place
}

// say sends a word. That the other has gone is seen by who reads.
func say(to net.Conn, w word) { _ = json.NewEncoder(to).Encode(w) }

// listen calls heard with each word, until the other has gone.
func listen(from net.Conn, heard func(word)) {
	words := json.NewDecoder(from)
	for {
		var w word
		if words.Decode(&w) != nil {
			return
		}
		heard(w)
	}
}

// socketPair returns two connected sockets: one to use, one for a child to
// inherit.
func socketPair() (ours net.Conn, theirs *os.File, err error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	theirs = os.NewFile(uintptr(pair[1]), "worker")
	if ours, err = adopt(pair[0], "parent", net.FileConn); err != nil {
		_ = theirs.Close()
		return nil, nil, err
	}
	return ours, theirs, nil
}

// adopt makes a connection or a listener of a descriptor, in its place.
func adopt[T any](fd int, name string, from func(*os.File) (T, error)) (T, error) {
	file := os.NewFile(uintptr(fd), name)
	defer file.Close()
	return from(file)
}
