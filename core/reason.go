package core

import "github.com/gannet-ws/gannet/codec"

// Reason says why a client's connection ended: one word in logs, metrics and
// hooks, and the same with spaces in the close frame.
type Reason uint8

// The reasons.
const (
	ReasonPeerGone       Reason = iota // the connection broke, without a close frame
	ReasonPeerClosed                   // the client closed
	ReasonDraining                     // the server stops or restarts
	ReasonSlowConsumer                 // its backlog met MaxBacklog
	ReasonPingTimeout                  // it did not answer a ping
	ReasonProtocol                     // it broke RFC 6455
	ReasonInvalidPayload               // it sent text that is no UTF-8, or bad compressed data
	ReasonTooBig                       // its message exceeded MaxMessageSize
	ReasonInternal                     // a handler panicked
	ReasonDisconnected                 // the application wanted it: Server.Disconnect
	ReasonInactive                     // no message for InactiveTimeout
	ReasonRateLimit                    // MaxStrikes messages or frames beyond its rates
	ReasonTokenExpired                 // its token expired, with CloseExpired
	ReasonFrameTimeout                 // its message was not complete within FrameTimeout

	reasonCount
)

// reasons is the table of all reasons: the label of metrics and logs, the close
// code and the close frame's reason. Code 0 sends no close frame.
var reasons = [reasonCount]struct {
	label string
	code  codec.StatusCode
	text  string
}{
	ReasonPeerGone:       {"peer_gone", 0, ""},
	ReasonPeerClosed:     {"peer_closed", 0, ""},
	ReasonDraining:       {"draining", codec.StatusServiceRestart, "draining"},
	ReasonSlowConsumer:   {"slow_consumer", codec.StatusTryAgainLater, "slow consumer"},
	ReasonPingTimeout:    {"ping_timeout", 0, ""},
	ReasonProtocol:       {"protocol_error", codec.StatusProtocolError, ""},   // the codec's words
	ReasonInvalidPayload: {"invalid_payload", codec.StatusInvalidPayload, ""}, // the codec's words
	ReasonTooBig:         {"message_too_big", codec.StatusMessageTooBig, ""},  // the codec's words
	ReasonInternal:       {"internal_error", codec.StatusInternalError, "internal error"},
	ReasonDisconnected:   {"disconnected", codec.StatusPolicyViolation, "disconnected"},
	ReasonInactive:       {"inactive", codec.StatusNormal, "inactive"},
	ReasonRateLimit:      {"rate_limit", codec.StatusPolicyViolation, "rate limit"},
	ReasonTokenExpired:   {"token_expired", codec.StatusPolicyViolation, "token expired"},
	ReasonFrameTimeout:   {"frame_timeout", codec.StatusPolicyViolation, "frame timeout"},
}

// String returns the reason's word in logs and metrics.
func (r Reason) String() string { return reasons[r].label }

// Code returns the close code that the peer is sent, 0 for none.
func (r Reason) Code() codec.StatusCode { return reasons[r].code }

// reasonOf returns the reason for a frame that broke the protocol.
func reasonOf(err *codec.Error) Reason {
	switch err.Code {
	case codec.StatusInvalidPayload:
		return ReasonInvalidPayload
	case codec.StatusMessageTooBig:
		return ReasonTooBig
	default:
		return ReasonProtocol
	}
}
