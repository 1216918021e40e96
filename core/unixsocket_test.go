package core_test

import (
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/lxzan/gws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// unixDialer connects to a path, whatever the address.
type unixDialer struct{ path string }

func (d unixDialer) Dial(string, string) (net.Conn, error) { return net.Dial("unix", d.path) }

// connectUnix opens a client over a Unix socket.
func connectUnix(t testing.TB, path string) *client {
	t.Helper()
	c, err := dial(t, "ws://localhost/ws", func(o *gws.ClientOption) {
		o.NewDialer = func() (gws.Dialer, error) { return unixDialer{path}, nil }
	})
	require.NoError(t, err)
	return c
}

// socketPath is where no file is yet.
func socketPath(t testing.TB) string { return filepath.Join(t.TempDir(), "gannet.sock") }

func TestUnixSocket_ServesBesideTheOthers(t *testing.T) {
	path := socketPath(t)
	server := newServer(t, core.Options{Loops: 2, UnixSocket: path, UnixSocketMode: 0o600})
	for range 2 {
		stop := run(t, server)
		file, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, os.ModeSocket|0o600, file.Mode())
		clients := []*client{connectUnix(t, path), connect(t, server), connectUnix(t, path)}
		for _, c := range clients {
			require.Equal(t, wirePong, c.ask(askPing))
			c.join("r")
		}
		_, err = server.Publish(note{"all", 0}.to(core.Room("r")))
		require.NoError(t, err)
		for _, c := range clients {
			c.receiveNotes("all", 0, 1)
		}
		stopsInTime(t, stop)
		for _, c := range clients {
			require.Equal(t, closing{1012, "draining"}, c.end())
		}
		require.NoFileExists(t, path)
	}
}

// dead leaves the socket of a server that has died.
func dead(t *testing.T, path string) {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	require.NoError(t, err)
	require.NoError(t, syscall.Bind(fd, &syscall.SockaddrUnix{Name: path}))
	require.NoError(t, syscall.Listen(fd, 1))
	require.NoError(t, syscall.Close(fd))
}

func TestUnixSocket_ReplacesThatOfTheDead(t *testing.T) {
	path := socketPath(t)
	dead(t, path)
	start(t, core.Options{UnixSocket: path})
	require.Equal(t, wirePong, connectUnix(t, path).ask(askPing))
}

func TestUnixSocket_LeavesWhatIsNotItsOwn(t *testing.T) {
	living, file, folder := socketPath(t), socketPath(t), t.TempDir()
	first := newServer(t, core.Options{UnixSocket: living})
	stop := run(t, first)
	require.NoError(t, os.WriteFile(file, []byte("data"), 0o600))
	for path, says := range map[string]string{
		living:                                "somebody listens at " + living,
		file:                                  file + " is there, and is no socket",
		folder:                                folder + " is there, and is no socket",
		filepath.Join(folder, "missing", "x"): "no such file or directory",
	} {
		err := newServer(t, core.Options{UnixSocket: path}).Run(t.Context())
		require.ErrorContains(t, err, "cannot listen for WebSocket connections on a Unix socket: ")
		require.ErrorContains(t, err, says)
	}
	require.FileExists(t, file)
	require.Equal(t, wirePong, connectUnix(t, living).ask(askPing), "the first one still serves")

	// Another's file has taken its place: it stays.
	require.NoError(t, os.Remove(living))
	require.NoError(t, os.WriteFile(living, nil, 0o600))
	stopsInTime(t, stop)
	require.FileExists(t, living)
}

func TestFileMode_Text(t *testing.T) {
	for text, want := range map[string]core.FileMode{"0660": 0o660, "600": 0o600, "0": 0, "0777": 0o777} {
		var mode, again core.FileMode
		require.NoError(t, mode.UnmarshalText([]byte(text)))
		assert.Equal(t, want, mode)
		written, err := mode.MarshalText()
		require.NoError(t, err)
		require.NoError(t, again.UnmarshalText(written))
		assert.Equal(t, want, again)
	}
	for _, text := range []string{"", "0888", "rw", "01777", "-1", "0o660"} {
		var mode core.FileMode
		require.ErrorContains(t, mode.UnmarshalText([]byte(text)), "is not a file mode", text)
	}
}
