package main

import (
	"context"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMain is the command itself where a test starts it as another process.
func TestMain(m *testing.M) {
	if os.Getenv("PEERS_TEST_AS_COMMAND") != "" {
		main()
	}
	os.Exit(m.Run())
}

// command is this program, to be started with arguments as another process. It is
// killed when ctx ends.
func command(ctx context.Context, arguments ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, os.Args[0], arguments...)
	c.Env = append(os.Environ(), "PEERS_TEST_AS_COMMAND=1")
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return c
}

func TestCommand_SaysWhatIsWrong(t *testing.T) {
	for name, test := range map[string]struct {
		arguments []string
		want      string
	}{
		"no library":      {nil, "name the library first: gnet, gorilla, gws, nbio"},
		"unknown library": {[]string{"tokio"}, "name the library first: gnet, gorilla, gws, nbio"},
		"unknown flag":    {[]string{"gws", "--max-rooms", "1"}, "not defined: -max-rooms"},
		"gws address":     {[]string{"gws", "--addr", "127.0.0.1:99999"}, "99999"},
		"gorilla address": {[]string{"gorilla", "--addr", "127.0.0.1:99999"}, "99999"},
		"nbio address":    {[]string{"nbio", "--addr", "127.0.0.1:99999"}, "99999"},
		"gnet address":    {[]string{"gnet", "--addr", "127.0.0.1:99999"}, "99999"},
		"no TLS":          {[]string{"gnet", "--tls-cert", "x"}, "gnet speaks no TLS here"},
		"no certificate":  {[]string{"gws", "--addr", "127.0.0.1:0", "--tls-cert", "missing"}, "missing"},
		"admin address":   {[]string{"gws", "--addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:99999"}, "99999"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			output, err := command(ctx, test.arguments...).CombinedOutput()
			require.NoError(t, ctx.Err(), "it does not end: %s", output)
			require.Error(t, err, "%s", output)
			require.Contains(t, string(output), test.want)
		})
	}
}
