package bench

import (
	"fmt"
	"net"
	"net/url"

	"golang.org/x/sys/unix"
)

// socketsPerSource is how many sockets share a source address. The kernel's
// default range has 28,000 ports.
const socketsPerSource = 10_000

// endpoint is where sockets connect to and what they ask for. It travels as JSON.
type endpoint struct {
	Addr   unix.SockaddrInet4
	Host   string    // for the Host header
	Target string    // path and query
	TLS    *security // nil: ws://
}

// parseEndpoint resolves a ws:// or wss:// URL to an IPv4 address.
func parseEndpoint(rawURL string) (endpoint, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return endpoint{}, fmt.Errorf("bench: reading the URL: %w", err)
	}
	e := endpoint{Host: u.Host, Target: u.RequestURI()}
	port := "80"
	switch u.Scheme {
	case "ws":
	case "wss":
		e.TLS, port = &security{ServerName: u.Hostname()}, "443"
	default:
		return endpoint{}, fmt.Errorf("bench: %s: only ws:// and wss:// are supported", rawURL)
	}
	host := u.Host
	if u.Port() == "" {
		host = net.JoinHostPort(u.Hostname(), port)
	}
	tcp, err := net.ResolveTCPAddr("tcp4", host)
	if err != nil {
		return endpoint{}, fmt.Errorf("bench: resolving %s: %w", host, err)
	}
	e.Addr.Port = tcp.Port
	e.Addr.Addr = [4]byte(tcp.IP.To4())
	return e, nil
}

// source returns the address from which the nth socket connects: one of
// 127.0.0.0/8 when the server is on loopback, otherwise nil, the kernel's choice.
func (e *endpoint) source(n int) *unix.SockaddrInet4 {
	if e.Addr.Addr[0] != 127 {
		return nil
	}
	k := n / socketsPerSource
	return &unix.SockaddrInet4{Addr: [4]byte{127, 0, byte(k / 250), byte(1 + k%250)}}
}

// dial begins to connect the nth socket, which does not block. The descriptor
// becomes writable when the connection stands or has failed.
func (e *endpoint) dial(n int) (fd int, err error) {
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("opening a socket: %w", err)
	}
	if err := e.connect(fd, n); err != nil {
		_ = unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func (e *endpoint) connect(fd, n int) error {
	// A lingering time of 0 closes with a reset and so leaves no port waiting:
	// the next round can connect at once.
	reset := unix.Linger{Onoff: 1}
	if err := unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &reset); err != nil {
		return fmt.Errorf("setting SO_LINGER: %w", err)
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return fmt.Errorf("setting TCP_NODELAY: %w", err)
	}
	if source := e.source(n); source != nil {
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1); err != nil {
			return fmt.Errorf("setting IP_BIND_ADDRESS_NO_PORT: %w", err)
		}
		if err := unix.Bind(fd, source); err != nil {
			return fmt.Errorf("binding the source address: %w", err)
		}
	}
	addr := e.Addr // Connect writes to what it is given
	if err := unix.Connect(fd, &addr); err != nil && err != unix.EINPROGRESS {
		return fmt.Errorf("connecting: %w", err)
	}
	return nil
}

// dialError returns why a connection attempt failed, or nil.
func dialError(fd int) error {
	code, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil {
		return fmt.Errorf("reading SO_ERROR: %w", err)
	}
	if code != 0 {
		return fmt.Errorf("connecting: %w", unix.Errno(code))
	}
	return nil
}
