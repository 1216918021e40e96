package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/gannet-ws/gannet/codec/setting"
)

// healthCommand is gannet health: whether the node on this machine takes clients.
// It is for those who can start a program and look at its status, and in a
// container without a shell have no other one: HEALTHCHECK, and probes by exec.
type healthCommand struct {
	AdminAddr string        `default:"127.0.0.1:3001" help:"Admin listener of the node, as gannet serve has it." placeholder:"HOST:PORT"`
	Workers   uint          `default:"1" help:"Workers of the node, all of which have to be ready: they are asked on the next ports."`
	Timeout   time.Duration `default:"3s" help:"Time for all answers."`
}

// Run asks, and prints that the node is ready. Otherwise the error says why not.
func (h *healthCommand) Run(ctx context.Context, out io.Writer) error {
	if err := setting.CheckAddress("admin-addr", h.AdminAddr); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, h.Timeout)
	defer cancel()
	for k := range h.Workers {
		address, err := addPort(h.AdminAddr, int(k))
		if err != nil {
			return fmt.Errorf("admin-addr: %w", err)
		}
		if err := askReady(ctx, address); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(out, "ready")
	return err
}

// askReady asks at the address of a listener, which may be that of all interfaces:
// to dial it means this machine.
func askReady(ctx context.Context, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/ready", nil)
	if err != nil {
		return err
	}
	var dialer net.Dialer
	transport := http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "tcp", address)
		},
		DisableKeepAlives: true,
	}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return fmt.Errorf("cannot reach the node: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	var why struct{ Error string }
	if json.NewDecoder(io.LimitReader(answer.Body, 64<<10)).Decode(&why) != nil || why.Error == "" {
		why.Error = answer.Status
	}
	return fmt.Errorf("the node at %s is not ready: %s", address, why.Error)
}
