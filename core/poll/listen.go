package poll

import (
	"context"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// Listen opens a non-blocking descriptor that listens at a TCP address, also if
// others do that have it opened so (SO_REUSEPORT): the kernel deals the
// connections to all of them. An address without IP is that of both families.
// Accepted connections send without delay (TCP_NODELAY, which they inherit).
func Listen(addr *net.TCPAddr) (fd int, err error) {
	config := net.ListenConfig{Control: sharePort}
	config.SetMultipathTCP(false) // Go's default takes a second socket for each connection that has it
	listener, err := config.Listen(context.Background(), Network(addr), addr.String())
	if err != nil {
		return -1, err
	}
	defer listener.Close()
	connection, err := listener.(*net.TCPListener).SyscallConn()
	if err != nil {
		return -1, err
	}
	if failed := connection.Control(func(of uintptr) { fd, err = unix.FcntlInt(of, unix.F_DUPFD_CLOEXEC, 0) }); failed != nil {
		return -1, failed
	}
	return fd, err
}

// Network is the network by which package net listens at just the address. By
// "tcp" it would listen at 0.0.0.0 for IPv6, too.
func Network(addr *net.TCPAddr) string {
	if addr.IP.To4() != nil {
		return "tcp4"
	}
	return "tcp"
}

// sharePort sets the options that a listener has to have before it is bound.
func sharePort(_, _ string, connection syscall.RawConn) (err error) {
	failed := connection.Control(func(fd uintptr) {
		if err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err == nil {
			err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
		}
	})
	if failed != nil {
		return failed
	}
	return err
}
