package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"
)

// A Cluster divides channels among its primaries: each has a slot, and each slot
// a primary.

const slotCount = 16384

// slotOf returns a channel's slot: the CRC-16 (XMODEM) of what is between the
// first braces, or of all.
func slotOf(channel string) int {
	if _, rest, ok := strings.Cut(channel, "{"); ok {
		if tag, _, ok := strings.Cut(rest, "}"); ok && tag != "" {
			channel = tag
		}
	}
	var crc uint16
	for i := range len(channel) {
		crc ^= uint16(channel[i]) << 8
		for range 8 {
			carry := crc&0x8000 != 0
			crc <<= 1
			if carry {
				crc ^= 0x1021
			}
		}
	}
	return int(crc % slotCount)
}

// slots are the addresses of the primaries, by slot; "" where nobody serves one.
// They are immutable.
type slots [slotCount]string

var errNoSlots = errors.New("the server does not know the slots of a Redis Cluster")

// askSlots asks a server of the Cluster.
func askSlots(ctx context.Context, address string, access access, timeout time.Duration) (*slots, error) {
	conn, err := connect(ctx, address, access, timeout, hooks{})
	if err != nil {
		return nil, err
	}
	defer conn.close()
	ranges, err := conn.ask(ctx, conn.builder().ClusterSlots().Build())[0].ToArray()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoSlots, err)
	}
	host, _, _ := net.SplitHostPort(address)
	s := &slots{}
	for i := range ranges {
		if err := s.set(&ranges[i], host); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// set notes one range: its first slot, its last, the primary, and replicas. A
// primary that does not know its own host is where it was asked.
func (s *slots) set(one *rueidis.RedisMessage, asked string) error {
	parts, err := one.ToArray()
	if err != nil || len(parts) < 3 {
		return errNoSlots
	}
	first, firstErr := parts[0].AsInt64()
	last, lastErr := parts[1].AsInt64()
	place, placeErr := parts[2].ToArray()
	if errors.Join(firstErr, lastErr, placeErr) != nil || len(place) < 2 || first < 0 || last >= slotCount {
		return errNoSlots
	}
	host, _ := place[0].ToString()
	port, err := place[1].AsInt64()
	if err != nil {
		return errNoSlots
	}
	if host == "" || host == "?" {
		host = asked
	}
	address := net.JoinHostPort(host, strconv.FormatInt(port, 10))
	for slot := first; slot <= last; slot++ {
		s[slot] = address
	}
	return nil
}

// primaries returns the addresses that serve slots.
func (s *slots) primaries() map[string]bool {
	all := map[string]bool{}
	for _, address := range s {
		if address != "" {
			all[address] = true
		}
	}
	return all
}
