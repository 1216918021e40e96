package poll

import (
	"encoding/binary"
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls below never block, so the scheduler is not told of them. They may be
// made on any goroutine that has the descriptor to itself.

// Read reads what a non-blocking socket has, into p, which must not be empty.
// More than 0 bytes have come; or 0 and nil, at the end of the stream; or none,
// with EAGAIN for nothing yet or the error that ended the connection.
func Read(fd int, p []byte) (int, error) { return transfer(unix.SYS_READ, fd, p) }

// Write writes p, which must not be empty, to a non-blocking descriptor, as much
// of it as it takes. EAGAIN says that it takes nothing now.
func Write(fd int, p []byte) (int, error) { return transfer(unix.SYS_WRITE, fd, p) }

func transfer(call uintptr, fd int, p []byte) (int, error) {
	for {
		n, _, errno := syscall.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
		switch errno {
		case 0:
			return int(n), nil
		case unix.EINTR:
		case unix.EAGAIN:
			return 0, unix.EAGAIN // as an error value that exists already
		default:
			return 0, errno
		}
	}
}

// Accept takes the next connection of a listener, a non-blocking descriptor. peer is
// where it comes from, IPv4 in its own form, IPv6 without a zone; it is the zero
// AddrPort for a Unix socket. EAGAIN says that none waits.
func Accept(listener int) (fd int, peer netip.AddrPort, err error) {
	var from unix.RawSockaddrInet6
	for {
		size := uint32(unsafe.Sizeof(from))
		n, _, errno := syscall.RawSyscall6(unix.SYS_ACCEPT4, uintptr(listener),
			uintptr(unsafe.Pointer(&from)), uintptr(unsafe.Pointer(&size)), unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
		switch errno {
		case 0:
			return int(n), addrPort(&from), nil
		case unix.EINTR, unix.ECONNABORTED: // it has gone while it waited
		case unix.EAGAIN:
			return -1, netip.AddrPort{}, unix.EAGAIN
		default:
			return -1, netip.AddrPort{}, errno
		}
	}
}

// addrPort reads a socket's address as the kernel writes it: of IPv4 in the form of
// RawSockaddrInet4, which has the port in the same place.
func addrPort(raw *unix.RawSockaddrInet6) netip.AddrPort {
	port := binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&raw.Port))[:])
	switch raw.Family {
	case unix.AF_INET:
		return netip.AddrPortFrom(netip.AddrFrom4((*unix.RawSockaddrInet4)(unsafe.Pointer(raw)).Addr), port)
	case unix.AF_INET6:
		return netip.AddrPortFrom(netip.AddrFrom16(raw.Addr).Unmap(), port)
	}
	return netip.AddrPort{}
}

// addOne adds to the count of an eventfd.
func addOne(eventfd int) {
	var one [8]byte
	binary.NativeEndian.PutUint64(one[:], 1)
	_, _ = Write(eventfd, one[:])
}
