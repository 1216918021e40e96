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
			assert.Equal(t, &place{test.addresses, test.master, test.cluster, test.access, test.sentinel}, p)
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
		"no URL":              {Options{}, "URL of Redis is needed"},
		"no host":             {Options{URL: []string{"redis://"}}, "cannot be read"},
		"no scheme":           {Options{URL: []string{"localhost:6379"}}, "cannot be read"},
		"another scheme":      {Options{URL: []string{"http://localhost"}}, `not with "http"`},
		"no database":         {Options{URL: []string{"redis://localhost/x"}}, "database's number"},
		"no primary":          {Options{URL: []string{"redis-sentinel://localhost"}}, "name of the primary"},
		"different passwords": {Options{URL: []string{"redis://:a@x", "redis://:b@y"}}, "differ"},
		"database of Cluster": {Options{URL: []string{"redis://x/1?cluster=true"}}, "no databases"},
		"no queue":            {Options{URL: []string{"redis://x"}, MaxQueue: -1}, "queue must be above zero"},
		"prefixes":            {Options{URL: []string{"redis://x"}, Prefix: "p", PXLPrefix: "p"}, "must not begin"},
		"braces":              {Options{URL: []string{"redis://x"}, Prefix: "{p}"}, "no braces"},
		"channels":            {Options{URL: []string{"redis://x"}, MaxChannels: 1}, "2 or more"},
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
