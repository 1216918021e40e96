package redis

import (
	"context"
	"time"
)

// server is a Redis server, which may be another one each time that it is
// connected to: at a fixed address, or where Sentinels say.
type server struct {
	address   string
	sentinels *sentinels // nil: the address is fixed
	access    access
}

// connect opens a connection, which ends with ctx, and when it is not to the
// primary any more. timeout bounds each step, and each command.
func (s *server) connect(ctx context.Context, timeout time.Duration, hooks hooks) (*connection, error) {
	if s.sentinels == nil {
		return connect(ctx, s.address, s.access, timeout, hooks)
	}
	address, err := s.sentinels.primary(ctx)
	if err != nil {
		return nil, err
	}
	conn, err := connect(ctx, address, s.access, timeout, hooks)
	if err != nil {
		return nil, err
	}
	if err := isPrimary(ctx, conn); err != nil {
		conn.close()
		return nil, err
	}
	conn.watched.Go(func() { s.sentinels.watch(conn.ctx, conn, address) })
	return conn, nil
}
