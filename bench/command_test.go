package bench

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCommandLeavesOutResultsAndSecrets(t *testing.T) {
	for name, test := range map[string]struct {
		arguments []string
		want      string
	}{
		"as it was": {[]string{"/a/b/gannet", "bench", "fanout", "--conns", "10"}, "gannet bench fanout --conns 10"},
		"results":   {[]string{"gannet", "--json", "a.json", "--report=b.html", "--progress", "--spawn"}, "gannet --spawn"},
		"secrets":   {[]string{"gannet", "--api-key", "k", "--token-secret=t", "--publish-header", "X-API-Key: k", "--spawn"}, "gannet --api-key SECRET --token-secret=SECRET --publish-header SECRET --spawn"},
		"a token":   {[]string{"gannet", "--url", "ws://h/ws?token=t", "--url=ws://h/ws?token=t"}, "gannet --url ws://h/ws --url=ws://h/ws"},
		"words":     {[]string{"gannet", "--server-command", "bin/peers gws"}, "gannet --server-command 'bin/peers gws'"},
		"quotes":    {[]string{"gannet", "it's", ""}, `gannet 'it'\''s' ''`},
		"more of them": {
			[]string{
				"gannet", "--token", "t", "--hello", `{"token":"t"}`, "--publish-url=/api?key=k", "--publish-url", "http://u:p@h/api?key=k",
				"--redis-url", "redis://:p@h", "--server-flag=--redis-url=redis://:p@h", "--server-flag=--jwt-secret=s",
				"--server-command", "server --password p --api-key=k --port 1",
			},
			"gannet --token SECRET --hello SECRET --publish-url=/api --publish-url http://h/api " +
				"--redis-url SECRET --server-flag=--redis-url=redis://h --server-flag=--jwt-secret=SECRET " +
				"--server-command 'server --password SECRET --api-key=SECRET --port 1'",
		},
		"ends early":  {[]string{"gannet", "--json"}, "gannet"},
		"alike":       {[]string{"gannet", "--json-ping-interval", "5s"}, "gannet --json-ping-interval 5s"},
		"server flag": {[]string{"gannet", "--server-flag=--redis-url=redis://127.0.0.1:1"}, "gannet --server-flag=--redis-url=redis://127.0.0.1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, describeCommand(test.arguments), strings.Join(test.arguments, " "))
		})
	}
}
