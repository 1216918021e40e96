package core_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// Where nobody can listen is said when the server is made, of all places at once.
func TestOptions_Addresses(t *testing.T) {
	long := strings.Repeat("x", 107)
	for says, options := range map[string]core.Options{
		`addr is "3000": it is HOST:PORT`:                                      {Addr: "3000"},
		`addr is "localhost:99999": a port is 0 to 65535`:                      {Addr: "localhost:99999"},
		`tls-addr is "localhost": it is HOST:PORT`:                             {TLSAddr: "localhost"},
		`unix-socket is "x` + long + `": the path of a socket is at most 107 `: {UnixSocket: "x" + long},
		`unix-socket is "/run/gannet/": it is the path of a file`:              {UnixSocket: "/run/gannet/"},
		`unix-socket is "a\x00b": it is the path of a file`:                    {UnixSocket: "a\x00b"},
		"\ntls-addr is \":x\"":                                                 {Addr: ":x", TLSAddr: ":x"},
	} {
		_, err := core.New(options)
		require.ErrorContains(t, err, says)
	}
	for _, options := range []core.Options{{Addr: ":http"}, {Addr: "[::1]:0"}, {UnixSocket: long}} {
		_, err := core.New(options)
		require.NoError(t, err)
	}
}

func TestOptions_LoopsAndTimes(t *testing.T) {
	const week = 7 * 24 * time.Hour
	for says, options := range map[string]core.Options{
		"loops is -1: it must be above zero, or 0 for one for each CPU":                {Loops: -1},
		"ping-timeout is 168h0m0.001s, which is too long: at most 168h0m0s can be":     {PingTimeout: week + time.Millisecond},
		"\njson-ping-interval is 169h0m0s, which is too long: at most 168h0m0s can be": {PingInterval: week + time.Hour, JSONPingInterval: week + time.Hour},
	} {
		_, err := core.New(options)
		require.ErrorContains(t, err, says)
	}
	_, err := core.New(core.Options{PingTimeout: week, PingInterval: -1})
	require.NoError(t, err)
}
