package poll

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// MaxPath is the greatest length of a socket's path, in bytes: the kernel's structure has one
// more for the zero behind it.
const MaxPath = 107

// ListenUnix opens a non-blocking descriptor that listens on a Unix stream socket at
// a path where no file is. Nobody can connect before the file has its mode. Closing
// the descriptor leaves the file.
func ListenUnix(path string, mode os.FileMode) (fd int, err error) {
	if len(path) > MaxPath {
		return -1, fmt.Errorf("the path of a socket is at most %d bytes long, not %d: %s", MaxPath, len(path), path)
	}
	fd, err = unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	if err := bindUnix(fd, path, mode); err != nil {
		_ = unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func bindUnix(fd int, path string, mode os.FileMode) error {
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		return &os.PathError{Op: "bind", Path: path, Err: err}
	}
	err := os.Chmod(path, mode)
	if err == nil {
		err = os.NewSyscallError("listen", unix.Listen(fd, unix.SOMAXCONN))
	}
	if err != nil {
		_ = os.Remove(path)
	}
	return err
}

// Copy returns another descriptor of what is open, to be closed for itself.
func Copy(fd int) (int, error) {
	copied, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("copying a descriptor: %w", err)
	}
	return copied, nil
}
