package core

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gannet-ws/gannet/core/poll"
)

// unixSocket is the server's socket in the file system, from listenUnix to close.
// Each loop accepts from a copy of its descriptor.
type unixSocket struct {
	path string
	fd   int
	file os.FileInfo // that is ours to remove
}

// listenUnix listens at a path. The socket of a server that has died is replaced;
// one at which somebody listens is not, nor any other file.
func listenUnix(path string, mode FileMode) (*unixSocket, error) {
	u := &unixSocket{path: path}
	err := removeStale(path)
	if err == nil {
		u.fd, err = poll.ListenUnix(path, os.FileMode(mode))
	}
	if err == nil {
		if u.file, err = os.Lstat(path); err != nil {
			_ = unix.Close(u.fd)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("cannot listen for WebSocket connections on a Unix socket: %w", err)
	}
	return u, nil
}

// staleTimeout is the time for a server on this machine to accept, or not.
const staleTimeout = time.Second

// removeStale removes a socket at which nobody listens.
func removeStale(path string) error {
	file, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case file.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("%s is there, and is no socket", path)
	}
	conn, err := net.DialTimeout("unix", path, staleTimeout)
	switch {
	case err == nil:
		_ = conn.Close()
		return fmt.Errorf("somebody listens at %s", path)
	case errors.Is(err, syscall.ECONNREFUSED):
		return os.Remove(path)
	}
	return err
}

// copy returns a descriptor for a loop.
func (u *unixSocket) copy() (fd int, err error) { return poll.Copy(u.fd) }

// close ends the listening, when the loops have ended, and removes the file unless
// another has taken its place.
func (u *unixSocket) close() {
	_ = unix.Close(u.fd)
	if file, err := os.Lstat(u.path); err == nil && os.SameFile(file, u.file) {
		_ = os.Remove(u.path)
	}
}
