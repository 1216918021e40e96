package poll_test

import (
	"net"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/gannet-ws/gannet/core/poll"
)

// listen listens at an address, and returns it with its port.
func listen(t *testing.T, address string) (fd int, at *net.TCPAddr) {
	addr, err := net.ResolveTCPAddr("tcp", address)
	require.NoError(t, err)
	fd, err = poll.Listen(addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = unix.Close(fd) })
	bound, err := unix.Getsockname(fd)
	require.NoError(t, err)
	switch bound := bound.(type) {
	case *unix.SockaddrInet4:
		return fd, &net.TCPAddr{IP: bound.Addr[:], Port: bound.Port}
	case *unix.SockaddrInet6:
		return fd, &net.TCPAddr{IP: bound.Addr[:], Port: bound.Port}
	}
	require.FailNow(t, "no TCP address")
	return 0, nil
}

// accepted waits for a connection, and returns it with where it comes from.
func accepted(t *testing.T, listener int) (fd int, peer netip.AddrPort) {
	deadline := time.Now().Add(patience)
	for {
		fd, peer, err := poll.Accept(listener)
		if err == nil {
			t.Cleanup(func() { _ = unix.Close(fd) })
			return fd, peer
		}
		require.ErrorIs(t, err, unix.EAGAIN)
		require.True(t, time.Now().Before(deadline), "nobody connects")
		time.Sleep(time.Millisecond)
	}
}

func TestListen_AcceptedSocketsNeitherBlockNorDelay(t *testing.T) {
	listener, at := listen(t, "127.0.0.1:0")
	conn, err := net.Dial("tcp", at.String())
	require.NoError(t, err)
	defer conn.Close()
	fd, _ := accepted(t, listener)
	_, err = poll.Read(fd, make([]byte, 1))
	require.ErrorIs(t, err, unix.EAGAIN)
	noDelay, err := unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY)
	require.NoError(t, err)
	require.Equal(t, 1, noDelay)
	protocol, err := unix.GetsockoptInt(listener, unix.SOL_SOCKET, unix.SO_PROTOCOL)
	require.NoError(t, err)
	require.Equal(t, unix.IPPROTO_TCP, protocol, "not MPTCP")
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	require.NoError(t, err)
	require.NotZero(t, flags&unix.FD_CLOEXEC)
}

func TestListen_SharesThePort(t *testing.T) {
	_, at := listen(t, "127.0.0.1:0")
	_, again := listen(t, at.String())
	require.Equal(t, at.Port, again.Port)
	_, err := net.Listen("tcp", at.String())
	require.Error(t, err, "only with those that share it")
}

func TestListen_Families(t *testing.T) {
	_, v4 := listen(t, "0.0.0.0:0")
	require.Len(t, v4.IP, 4, "IPv4 alone: an operator who says so means it")
	both, at := listen(t, ":0")
	if len(at.IP) == 4 {
		t.Log("this machine has no IPv6")
		return
	}
	for _, host := range []string{"127.0.0.1", "::1"} {
		conn, err := net.DialTCP("tcp", nil, &net.TCPAddr{IP: net.ParseIP(host), Port: at.Port})
		require.NoError(t, err, host)
		defer conn.Close()
		_, peer := accepted(t, both)
		require.Equal(t, conn.LocalAddr().String(), peer.String(), "IPv4 is not mapped into IPv6")
	}
}

func TestAccept_TellsThePeer(t *testing.T) {
	listener, at := listen(t, "127.0.0.1:0")
	for _, from := range []string{"127.0.0.1", "127.1.2.3"} {
		conn, err := net.DialTCP("tcp", &net.TCPAddr{IP: net.ParseIP(from)}, at)
		require.NoError(t, err)
		defer conn.Close()
		_, peer := accepted(t, listener)
		require.Equal(t, conn.LocalAddr().String(), peer.String())
		require.Equal(t, from, peer.Addr().String())
	}
}

func TestAccept_PeerOfAUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = unix.Close(fd) })
	require.NoError(t, unix.Bind(fd, &unix.SockaddrUnix{Name: path}))
	require.NoError(t, unix.Listen(fd, 1))
	near, err := net.ResolveUnixAddr("unix", filepath.Join(t.TempDir(), "longer-than-an-address-of-IPv6"))
	require.NoError(t, err)
	for _, from := range []*net.UnixAddr{nil, near} {
		conn, err := net.DialUnix("unix", from, &net.UnixAddr{Name: path, Net: "unix"})
		require.NoError(t, err)
		defer conn.Close()
		_, peer := accepted(t, fd)
		require.Equal(t, netip.AddrPort{}, peer)
	}
}

func TestListen_AddressThatIsNotHere(t *testing.T) {
	_, err := poll.Listen(&net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1})
	require.ErrorIs(t, err, unix.EADDRNOTAVAIL)
}
