package setting_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/codec/setting"
)

func TestCheckAddress(t *testing.T) {
	for _, address := range []string{":3000", ":0", ":65535", "localhost:3000", "127.0.0.1:3000", "[::1]:3000", "[fe80::1%eth0]:3000", ":http", "ws.example.com:https"} {
		require.NoError(t, setting.CheckAddress("addr", address), address)
	}
	for address, why := range map[string]string{
		"3000":            "it is HOST:PORT",
		"localhost":       "it is HOST:PORT",
		"":                "it is HOST:PORT",
		"::1:3000":        "it is HOST:PORT",
		"http://a:3000":   "it is HOST:PORT",
		"localhost:":      "there is no port",
		"localhost:99999": "a port is 0 to 65535",
		":65536":          "a port is 0 to 65535",
		":-1":             "a port is 0 to 65535",
		":no-service":     "a port is 0 to 65535",
		":3000/ws":        "a port is 0 to 65535",
	} {
		err := setting.CheckAddress("tls-addr", address)
		require.ErrorContains(t, err, why, address)
		assert.ErrorContains(t, err, `tls-addr is "`+address+`": `)
	}
}
