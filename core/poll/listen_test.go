package poll_test

import (
	"net"
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

// accepted waits for a connection.
func accepted(t *testing.T, listener int) int {
	deadline := time.Now().Add(patience)
	for {
		fd, err := poll.Accept(listener)
		if err == nil {
			t.Cleanup(func() { _ = unix.Close(fd) })
			return fd
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
	fd := accepted(t, listener)
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
		accepted(t, both)
	}
}

func TestListen_AddressThatIsNotHere(t *testing.T) {
	_, err := poll.Listen(&net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1})
	require.ErrorIs(t, err, unix.EADDRNOTAVAIL)
}
