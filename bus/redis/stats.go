package redis

import "sync/atomic"

// counters count since the bus was made.
type counters struct {
	published     atomic.Uint64
	failed        atomic.Uint64
	unknown       atomic.Uint64
	received      atomic.Uint64
	dropped       atomic.Uint64
	late          atomic.Uint64
	bad           atomic.Uint64
	countedGaps   atomic.Uint64
	uncountedGaps atomic.Uint64
	missed        atomic.Uint64
	reconnects    atomic.Uint64

	nodesLost      atomic.Uint64
	nodesRefused   atomic.Uint64
	surveysRefused atomic.Uint64
}
