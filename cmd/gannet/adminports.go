package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// listenForAdmins opens the admin listeners of workers: on the address for the
// first one, on the next ports for the others; with port 0, on free ports. They
// are files, for processes to inherit, so that a worker and the one that takes its
// place accept from one queue and no request is refused between them.
func listenForAdmins(address string, workers int) ([]*os.File, error) {
	files := make([]*os.File, 0, workers)
	for k := range workers {
		file, err := listenForAdmin(address, k)
		if err != nil {
			closeAll(files)
			return nil, fmt.Errorf("cannot open the admin listener of worker %d: %w", k, err)
		}
		files = append(files, file)
	}
	return files, nil
}

func closeAll(files []*os.File) {
	for _, file := range files {
		_ = file.Close()
	}
}

func listenForAdmin(address string, worker int) (*os.File, error) {
	address, err := addPort(address, worker)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	defer listener.Close() // the copy stays open
	return duplicate(listener.(*net.TCPListener))
}

// addPort returns the address with a port that is higher by n, unless it is 0.
func addPort(address string, n int) (string, error) {
	host, name, err := net.SplitHostPort(address)
	if err != nil {
		return "", err
	}
	port, err := net.LookupPort("tcp", name)
	if err != nil || port == 0 {
		return address, err
	}
	return net.JoinHostPort(host, strconv.Itoa(port+n)), nil
}

// duplicate returns a copy of a listener's descriptor. It leaves the descriptor
// as it is; (*net.TCPListener).File would have the Go runtime make it blocking,
// for all processes that share it, each time that one of them is started.
func duplicate(listener *net.TCPListener) (*os.File, error) {
	raw, err := listener.SyscallConn()
	if err != nil {
		return nil, err
	}
	var copied int
	var failed error
	err = raw.Control(func(fd uintptr) {
		copied, failed = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0)
	})
	if err := errors.Join(err, failed); err != nil {
		return nil, fmt.Errorf("copying a descriptor: %w", err)
	}
	return os.NewFile(uintptr(copied), listener.Addr().String()), nil
}
