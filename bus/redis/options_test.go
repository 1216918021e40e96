package redis

import (
	"crypto/tls"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOptions_Place(t *testing.T) {
	for name, test := range map[string]struct {
		options   Options
		addresses []string
		master    string
		cluster   bool
		access    access
		sentinel  access
	}{
		"a server": {
			Options{URL: []string{"redis://localhost"}},
			[]string{"localhost:6379"},
			"", false,
			access{host: "localhost"},
			access{},
		},
		"everything": {
			Options{URL: []string{"redis://me:pass%20word@[::1]:7000/3"}, Username: "other", Password: "other"},
			[]string{"[::1]:7000"},
			"", false,
			access{host: "::1", username: "me", password: "pass word", database: 3},
			access{},
		},
		"password beside the URL": {
			Options{URL: []string{"redis://h"}, Username: "me", Password: "secret"},
			[]string{"h:6379"},
			"", false,
			access{host: "h", username: "me", password: "secret"},
			access{},
		},
		"sentinels": {
			Options{URL: []string{"redis-sentinel://:p@a/main", "redis-sentinel://:p@b:7/main"}, SentinelUsername: "s", SentinelPassword: "t"},
			[]string{"a:26379", "b:7"},
			"main", false,
			access{host: "a", password: "p"},
			access{host: "a", username: "s", password: "t"},
		},
		"sentinel's primary beside the URL": {
			Options{URL: []string{"redis-sentinel://a"}, SentinelMaster: "main"},
			[]string{"a:26379"},
			"main", false,
			access{host: "a"},
			access{host: "a"},
		},
		"seeds": {
			Options{URL: []string{"redis://a:1", "redis://b:2"}},
			[]string{"a:1", "b:2"},
			"", true,
			access{host: "a"},
			access{},
		},
		"one seed": {
			Options{URL: []string{"redis://a:1?cluster=true"}},
			[]string{"a:1"},
			"", true,
			access{host: "a"},
			access{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := test.options.place()
			require.NoError(t, err)
			assert.Equal(t, &place{test.addresses, test.master, test.cluster, false, test.access, test.sentinel}, p)
		})
	}
}

func TestOptions_TLS(t *testing.T) {
	p, err := (&Options{URL: []string{"rediss-sentinel://redis.example/main"}}).place()
	require.NoError(t, err)
	assert.Equal(t, "redis.example", p.secureTo("10.0.0.1:6379").ServerName, "only the address is known")
	assert.Equal(t, "two.example", p.secureTo("two.example:6379").ServerName)
	assert.Equal(t, "redis.example", p.sentinel.secureTo("redis.example:26379").ServerName)

	p, err = (&Options{URL: []string{"rediss://redis.example"}, TLS: &tls.Config{ServerName: "chosen"}}).place()
	require.NoError(t, err)
	assert.Equal(t, "chosen", p.secureTo("redis.example:6379").ServerName)
}

func TestOptions_Refused(t *testing.T) {
	for name, test := range map[string]struct {
		options Options
		text    string
	}{
		"no URL":              {Options{}, "redis-url is needed"},
		"no host":             {Options{URL: []string{"redis://"}}, "cannot be read"},
		"no scheme":           {Options{URL: []string{"localhost:6379"}}, "cannot be read"},
		"another scheme":      {Options{URL: []string{"http://localhost"}}, `not with "http"`},
		"no database":         {Options{URL: []string{"redis://localhost/x"}}, "database's number"},
		"no primary":          {Options{URL: []string{"redis-sentinel://localhost"}}, "name of the primary"},
		"different passwords": {Options{URL: []string{"redis://:a@x", "redis://:b@y"}}, "differ"},
		"TLS on one alone":    {Options{URL: []string{"redis://x", "rediss://y"}}, "differ"},
		"database of Cluster": {Options{URL: []string{"redis://x/1?cluster=true"}}, "no databases"},
		"no queue":            {Options{URL: []string{"redis://x"}, MaxQueue: -1}, "redis-max-queue must be above zero"},
		"no inbox":            {Options{URL: []string{"redis://x"}, MaxInbox: -1}, "redis-max-inbox must be above zero"},
		"no message":          {Options{URL: []string{"redis://x"}, MaxPayload: -1}, "redis-max-payload must be above zero"},
		"no time":             {Options{URL: []string{"redis://x"}, PublishTimeout: -1}, "redis-publish-timeout must be above zero"},
		"no probes":           {Options{URL: []string{"redis://x"}, ProbeInterval: -1}, "redis-probe-interval must be above zero"},
		"prefixes":            {Options{URL: []string{"redis://x"}, Prefix: "p", PXLPrefix: "p"}, "pxl-prefix is \"p\": it must not begin"},
		"braces":              {Options{URL: []string{"redis://x"}, Prefix: "{p}"}, "redis-prefix is \"{p}\": it must have no braces"},
		"channels":            {Options{URL: []string{"redis://x"}, MaxChannels: 1}, "redis-max-channels is 1: it must be 2 or more"},
		"port":                {Options{URL: []string{"redis://:secret@x:99999"}}, `redis-url is "x:99999": a port is 0 to 65535`},
		"a password's slash":  {Options{URL: []string{"redis://:1/secret@x"}}, "redis-url"},
		"TLS without need":    {Options{URL: []string{"redis://x"}, CAFile: "ca.pem"}, "need a redis-url that begins with rediss"},
		"TLS twice":           {Options{URL: []string{"rediss://x"}, TLS: &tls.Config{}, TLSServerName: "x"}, "given twice"},
		"no CA file":          {Options{URL: []string{"rediss://x"}, CAFile: "/nowhere/ca.pem"}, "cannot read redis-ca-file"},
		"CA without PEM":      {Options{URL: []string{"rediss://x"}, CAFile: "options_test.go"}, "redis-ca-file options_test.go has no certificates"},
		"certificate alone":   {Options{URL: []string{"rediss://x"}, CertFile: "c.pem"}, "need each other"},
		"key alone":           {Options{URL: []string{"rediss://x"}, KeyFile: "k.pem"}, "need each other"},
		"no certificate":      {Options{URL: []string{"rediss://x"}, CertFile: "/nowhere/c.pem", KeyFile: "/nowhere/k.pem"}, "cannot read redis-cert-file"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(test.options)
			require.ErrorContains(t, err, test.text)
			assert.NotContains(t, err.Error(), "secret")
		})
	}
	_, err := New(Options{URL: []string{"redis://u:secret@x y"}})
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "secret")
}
