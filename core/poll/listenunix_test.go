package poll_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/gannet-ws/gannet/core/poll"
)

func TestListenUnix(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	fd, err := poll.ListenUnix(path, 0o620)
	require.NoError(t, err)
	file, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.ModeSocket|0o620, file.Mode())
	_, err = poll.ListenUnix(path, 0o620)
	require.ErrorIs(t, err, unix.EADDRINUSE)
	require.FileExists(t, path, "a failure leaves another's file")
	_, _, err = poll.Accept(fd)
	require.ErrorIs(t, err, unix.EAGAIN)

	copied, err := poll.Copy(fd)
	require.NoError(t, err)
	require.NoError(t, unix.Close(fd))
	far, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	require.NoError(t, unix.Connect(far, &unix.SockaddrUnix{Name: path}))
	near, _, err := poll.Accept(copied)
	require.NoError(t, err)
	for _, open := range []int{near, far, copied} {
		require.NoError(t, unix.Close(open))
	}
	_, err = poll.Copy(copied)
	require.ErrorIs(t, err, unix.EBADF)
	_, err = poll.ListenUnix(path, 0o620)
	require.ErrorIs(t, err, unix.EADDRINUSE, "closing leaves the file")
}
