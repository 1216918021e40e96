package client_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core/client"
)

func TestNew_RefusesWhatCannotBe(t *testing.T) {
	const good = "ws://localhost/ws"
	for want, options := range map[string]client.Options{
		"URL is missing":                   {},
		"URL cannot be read: invalid port": {URL: "ws://localhost:port/?token=hidden"},
		`URL has the scheme "http"`:        {URL: "http://localhost/ws"},
		"URL has no host":                  {URL: "ws:///ws"},
		"URL has a fragment":               {URL: "ws://localhost/ws#top"},
		"URL has a user":                   {URL: "ws://me:hidden@localhost/ws"},
		"MinBackoff must be above zero":    {URL: good, MinBackoff: -1},
		"MaxBackoff is 1s: it cannot be":   {URL: good, MinBackoff: time.Minute, MaxBackoff: time.Second},
		"MaxQueue must be above zero":      {URL: good, MaxQueue: -1},
		"MaxBacklog must be above zero":    {URL: good, MaxBacklog: -1},
		"MaxMessage must be above zero":    {URL: good, MaxMessage: -1},
		"HandshakeTimeout must be above":   {URL: good, HandshakeTimeout: -1},
		"PingTimeout must be above zero":   {URL: good, PingTimeout: -1},
		"CloseTimeout must be above zero":  {URL: good, CloseTimeout: -1},
		"a room needs a name":              {URL: good, Rooms: []string{""}},
	} {
		_, err := client.New(options)
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "hidden")
	}
	_, err := client.New(client.Options{URL: good, MinBackoff: time.Hour})
	require.NoError(t, err, "MaxBackoff follows")
}
