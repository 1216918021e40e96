package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// publish runs gannet publish, to a node if there is one, and returns what it
// prints.
func publish(t *testing.T, c *command, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	parser, err := newParser(context.Background(), &struct {
		Publish publishCommand `cmd:""`
	}{}, &out)
	require.NoError(t, err)
	if c != nil {
		args = append([]string{"--admin=" + c.admin}, args...)
	}
	parsed, err := parser.Parse(append([]string{"publish"}, args...))
	require.NoError(t, err)
	err = parsed.Run()
	return strings.TrimSpace(out.String()), err
}

func TestPublish_FromTheShell(t *testing.T) {
	c := serveCommandLine(t, []string{"GANNET_API_KEY=key of the test"})
	_, reader, line := c.upgrade(t)
	require.Equal(t, "HTTP/1.1 101 Switching Protocols", line)
	skipHead(t, reader)
	keyFile := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(keyFile, []byte("key of the test\n"), 0o600))

	printed, err := publish(t, c, "--api-key-file="+keyFile, `{"type":"t","action":"a"}`)
	require.NoError(t, err)
	require.Equal(t, `{"receivers":1}`, printed)
	frame := make([]byte, 2+25)
	_, err = io.ReadFull(reader, frame)
	require.NoError(t, err)
	require.Equal(t, "\x81\x19"+`{"type":"t","action":"a"}`, string(frame))

	printed, err = publish(t, c, "--api-key=key of the test", "--room=empty", `{"type":"t","action":"a"}`)
	require.NoError(t, err)
	require.Equal(t, `{"receivers":0}`, printed)

	stdin = strings.NewReader(`{"type":"t","action":"b"}`)
	defer func() { stdin = os.Stdin }()
	_, err = publish(t, c, "--api-key=key of the test", "-")
	require.NoError(t, err)

	for _, refused := range []struct{ args, because string }{
		{`--api-key=wrong|{"type":"t","action":"a"}`, "API_KEY_REQUIRED"},
		{`--api-key=key of the test|{"type":"t"}`, "refused the message"},
		{`--api-key=key of the test|no JSON`, "the message is not JSON: it has to be an object"},
		{`--api-key=key of the test|{"type":…}`, "the message is not JSON: it has to be an object"},
		{`--api-key=key of the test|`, "the message is not JSON: it has to be an object"},
		{`--api-key=key of the test|--room=|{"type":"t","action":"a"}`, "room is empty"},
		{`--api-key=key of the test|--event=custom|{}`, "event needs redis-url"},
		{`--api-key=key of the test|--admin=http://127.0.0.1:1|{"type":"t","action":"a"}`, "cannot reach the node"},
	} {
		_, err = publish(t, c, strings.Split(refused.args, "|")...)
		require.ErrorContains(t, err, refused.because)
	}
}
