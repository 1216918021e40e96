package core

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
}
