package bench

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"

	"golang.org/x/sys/unix"
)

// listen opens a non-blocking listening socket on an IPv4 address.
func listen(addr string) (fd int, err error) {
	tcp, err := net.ResolveTCPAddr("tcp4", addr)
	if err != nil {
		return -1, fmt.Errorf("bench: resolving %s: %w", addr, err)
	}
	sockaddr := &unix.SockaddrInet4{Port: tcp.Port}
	copy(sockaddr.Addr[:], tcp.IP.To4()) // no address: all
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("bench: opening a socket: %w", err)
	}
	if err := bindAndListen(fd, sockaddr); err != nil {
		_ = unix.Close(fd)
		return -1, fmt.Errorf("bench: listening on %s: %w", addr, err)
	}
	return fd, nil
}

func bindAndListen(fd int, addr unix.Sockaddr) error {
	for _, option := range []int{unix.SO_REUSEADDR, unix.SO_REUSEPORT} { // the latter for the floor's other processes
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, option, 1); err != nil {
			return err
		}
	}
	if err := unix.Bind(fd, addr); err != nil {
		return err
	}
	return unix.Listen(fd, floorBacklog)
}

// Ports of spawned servers are below those that the kernel gives to outgoing
// connections, of which a measurement makes many.
const (
	firstPort  = 12_000
	lastPort   = 32_000
	portTrials = 100 // until free ones are found
)

// freeAddr returns a loopback address whose port nobody listens on at the moment.
func freeAddr() (string, error) {
	var failed error
	for range portTrials {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(firstPort+rand.IntN(lastPort-firstPort)))
		l, err := net.Listen("tcp4", addr)
		if err == nil {
			return addr, l.Close()
		}
		failed = err
	}
	return "", fmt.Errorf("bench: finding a free port: %w", failed)
}
