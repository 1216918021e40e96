package bench

import (
	"errors"
	"fmt"
)

// Why a scenario fails.
var (
	// ErrOption: the flags make no sense.
	ErrOption = errors.New("bench: bad option")
	// ErrDelivery: messages were lost, reordered or doubled.
	ErrDelivery = errors.New("bench: not every message was delivered once and in order")
	// ErrConnectionsLost: the server closed connections.
	ErrConnectionsLost = errors.New("bench: connections were lost")
)

// checkLoad checks what the publishing scenarios have in common.
func checkLoad(conns, rooms, size, rounds int) error {
	switch {
	case conns <= 0 || rooms <= 0 || rounds <= 0:
		return fmt.Errorf("%w: conns, rooms and rounds must be positive", ErrOption)
	case rooms > conns:
		return fmt.Errorf("%w: more rooms than sockets", ErrOption)
	case size < minMessage || size > maxFrame:
		return fmt.Errorf("%w: size must be %d to %d bytes", ErrOption, minMessage, maxFrame)
	}
	return nil
}
