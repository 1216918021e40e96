package main

import (
	"fmt"
	"net"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// heldPort keeps a TCP port for the processes that a parent starts: while it is
// held they can listen on it together, and nobody else can, not even in the
// moments in which none of them does.
type heldPort struct {
	addr *net.TCPAddr
	file *os.File
}

// holdPort holds the port of an address, a free one if it is 0. The error says
// who has it already, or why it cannot be had.
func holdPort(address string) (*heldPort, error) {
	listener, err := net.Listen("tcp", address) // fails if anybody listens there
	if err != nil {
		return nil, fmt.Errorf("cannot listen for WebSocket connections: %w", err)
	}
	addr := listener.Addr().(*net.TCPAddr)
	_ = listener.Close()
	file, err := bindShared(addr)
	if err != nil {
		return nil, fmt.Errorf("cannot keep %s for the workers: %w", addr, err)
	}
	return &heldPort{addr: addr, file: file}, nil
}

// release lets the port go.
func (p *heldPort) release() { _ = p.file.Close() }

// bindShared returns a socket that is bound to an address and does not listen.
// Sockets in TIME_WAIT do not keep it from that (SO_REUSEADDR); from then on only
// sockets of the same user that share the port (SO_REUSEPORT) come beside it.
func bindShared(addr *net.TCPAddr) (*os.File, error) {
	family, where, err := socketAddress(addr)
	if err != nil {
		return nil, err
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	file := os.NewFile(uintptr(fd), addr.String())
	if err := bindAlone(fd, where); err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}

func bindAlone(fd int, where unix.Sockaddr) error {
	set := func(option, value int) error {
		return os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, unix.SOL_SOCKET, option, value))
	}
	if err := set(unix.SO_REUSEADDR, 1); err != nil {
		return err
	}
	if err := set(unix.SO_REUSEPORT, 1); err != nil {
		return err
	}
	if err := unix.Bind(fd, where); err != nil {
		return os.NewSyscallError("bind", err)
	}
	return set(unix.SO_REUSEADDR, 0)
}

// socketAddress is an address as the kernel takes it. One without a host stands
// for all addresses of both families.
func socketAddress(addr *net.TCPAddr) (family int, where unix.Sockaddr, err error) {
	if v4 := addr.IP.To4(); v4 != nil {
		return unix.AF_INET, &unix.SockaddrInet4{Port: addr.Port, Addr: [4]byte(v4)}, nil
	}
	v6 := &unix.SockaddrInet6{Port: addr.Port, Addr: [16]byte(addr.IP.To16())}
	if addr.Zone == "" {
		return unix.AF_INET6, v6, nil
	}
	if number, err := strconv.ParseUint(addr.Zone, 10, 32); err == nil {
		v6.ZoneId = uint32(number)
		return unix.AF_INET6, v6, nil
	}
	zone, err := net.InterfaceByName(addr.Zone)
	if err != nil {
		return 0, nil, err
	}
	v6.ZoneId = uint32(zone.Index)
	return unix.AF_INET6, v6, nil
}
