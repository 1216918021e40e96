package redis

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/redis/rueidis"
)

// probeMark begins a probe, as it does neither JSON nor a header.
const probeMark = "\x00"

// maxMoves is how many channels of probes may turn out to be served by another
// primary of the Cluster before the connection is given up.
const maxMoves = 8

// prove publishes a probe and waits until it comes back. What was published
// before it has arrived then, over the same connection and in order.
func (l *link) prove(ctx context.Context, conn *connection) error {
	binary.BigEndian.PutUint64(l.probe[8:], binary.BigEndian.Uint64(l.probe[8:])+1)
	message := probeMark + string(l.probe[:])
	sent := time.Now()
	l.lag.begin()
	if err := l.send(ctx, conn, message); err != nil {
		return lostBecause(err)
	}
	patience := time.NewTimer(l.patience())
	defer patience.Stop()
	for {
		select {
		case echo := <-l.echoes:
			if echo == message {
				l.lag.end()
				l.proved(sent)
				return nil
			}
		case err := <-conn.lost:
			return lostBecause(err)
		case <-patience.C:
			return errDeaf
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// send publishes a probe, on another channel where the first one's slot has moved:
// the others' need not have.
func (l *link) send(ctx context.Context, conn *connection, message string) (err error) {
	for number := range maxMoves {
		err = l.sendOn(ctx, conn, l.probing(number), message)
		if err == nil || l.cluster == nil || !isMoved(err) {
			return err
		}
		l.probed = ""
		l.cluster.doubt(l.server.address)
	}
	return err
}

// sendOn publishes a probe on a channel, which is subscribed to for that.
func (l *link) sendOn(ctx context.Context, conn *connection, channel, message string) error {
	build := conn.builder()
	var commands []rueidis.Completed
	switch {
	case channel == "":
		return errNoSlots
	case l.cluster != nil && channel != l.probed:
		commands = append(commands, build.Ssubscribe().Channel(channel).Build())
	case channel != l.probed:
		commands = append(commands, build.Subscribe().Channel(channel).Build())
	}
	l.probed = channel
	if l.cluster != nil {
		commands = append(commands, build.Spublish().Channel(channel).Message(message).Build())
	} else {
		commands = append(commands, build.Publish().Channel(channel).Message(message).Build())
	}
	return conn.do(ctx, commands...)
}
