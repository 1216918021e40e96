package core

import "github.com/gannet-ws/gannet/codec"

// refusal says why a connection was not let in. Each has a status and a JSON
// body, but for those of TLS, and is counted under its label.
type refusal uint8

const (
	refusedBadRequest refusal = iota
	refusedNotFound
	refusedNotUpgrade
	refusedUnauthorized
	refusedConnections
	refusedDescriptors
	refusedDraining
	refusedTimeout
	refusedBusy
	refusedNotTLS
	refusedTLSFailed
	refusedTLSBusy
	refusedTLSHalted
	refusedHeadTooLarge
	refusedHandshakes
	refusedAcceptRate
	refusedPerAddress
	refusedOrigin
	refusedProxyHeader

	refusalCount
)

var refusals = [refusalCount]string{
	refusedBadRequest:   "bad_request",
	refusedNotFound:     "not_found",
	refusedNotUpgrade:   "not_an_upgrade",
	refusedUnauthorized: "unauthorized",
	refusedConnections:  "max_connections",
	refusedDescriptors:  "descriptors",
	refusedDraining:     "draining",
	refusedTimeout:      "handshake_timeout",
	refusedBusy:         "busy",
	refusedNotTLS:       "not_tls",
	refusedTLSFailed:    "tls_failed",
	refusedTLSBusy:      "tls_busy",
	refusedTLSHalted:    "tls_halted",
	refusedHeadTooLarge: "head_too_large",
	refusedHandshakes:   "max_handshakes",
	refusedAcceptRate:   "accept_rate",
	refusedPerAddress:   "per_address",
	refusedOrigin:       "origin",
	refusedProxyHeader:  "proxy_header",
}

// unreadable is the refusal of a request that cannot be read.
func unreadable(err error) refusal {
	if err == codec.ErrHeadTooLarge {
		return refusedHeadTooLarge
	}
	return refusedBadRequest
}
