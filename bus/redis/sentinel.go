package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// sentinels find the primary that they watch. Any goroutine may ask.
type sentinels struct {
	master   string
	access   access
	interval time.Duration // between two questions whether the primary has moved
	servers  *candidates
}

var (
	errNoPrimary = errors.New("the Sentinels know no primary of that name")
	errReplica   = errors.New("the server is not the primary yet, or not any more")
)

// sentinelPatience is the time for one Sentinel to answer.
const sentinelPatience = time.Second

// primary returns the primary's address, of which the first Sentinel that answers
// is believed: whoever connects makes sure.
func (s *sentinels) primary(ctx context.Context) (string, error) {
	failed := errNoPrimary
	for _, address := range s.servers.inOrder() {
		primary, err := s.ask(ctx, address)
		if err == nil {
			s.servers.prefer(address)
			return primary, nil
		}
		failed = fmt.Errorf("a Sentinel cannot be asked for the primary %q: %w", s.master, err)
	}
	return "", failed
}

func (s *sentinels) ask(ctx context.Context, address string) (primary string, err error) {
	conn, err := connect(ctx, address, s.access, sentinelPatience, hooks{})
	if err != nil {
		return "", err
	}
	defer conn.close()
	command := conn.builder().SentinelGetMasterAddrByName().Master(s.master).Build()
	place, err := conn.ask(ctx, command)[0].AsStrSlice()
	if err != nil || len(place) != 2 {
		return "", errors.Join(errNoPrimary, err)
	}
	return net.JoinHostPort(place[0], place[1]), nil
}

// isPrimary makes sure that a server is a primary: one that has just been found
// may not know it yet, and one that was may come back as a replica, which would
// take messages and tell nobody.
func isPrimary(ctx context.Context, conn *connection) error {
	role, err := conn.ask(ctx, conn.builder().Role().Build())[0].ToArray()
	if err != nil {
		return fmt.Errorf("cannot ask Redis for its role: %w", err)
	}
	if len(role) == 0 {
		return errReplica
	}
	if name, _ := role[0].ToString(); name != "master" {
		return errReplica
	}
	return nil
}

// watch ends a connection when the primary is elsewhere: Sentinels cut the
// connections of a primary that they can reach, but not of one that they cannot.
func (s *sentinels) watch(ctx context.Context, conn *connection, address string) {
	ticker := time.NewTicker(s.interval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		if primary, err := s.primary(ctx); err == nil && primary != address {
			conn.end()
			return
		}
	}
}
