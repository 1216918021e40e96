package client

import (
	"errors"
	"fmt"

	"github.com/lxzan/gws"
)

// Close codes, RFC 6455 section 7.4.1.
const (
	codeNormal        = 1000
	codeProtocolError = 1002
	codeNone          = 1005 // the close frame had none
	codeAbnormal      = 1006 // there was no close frame
	codePolicy        = 1008
)

// Closing says how a connection ended. It is an error, too.
type Closing struct {
	// Code is that of the close frame which ended the connection, whoever sent
	// it; 1005 if it had none, 1006 if there was no frame.
	Code uint16
	// Reason is the server's word, such as draining or disconnected.
	Reason string
	// Err is what went wrong here, nil if the server closed.
	Err error
}

// Error returns a sentence with all of it.
func (c Closing) Error() string {
	text := fmt.Sprintf("the connection ended with %d", c.Code)
	if c.Reason != "" {
		text += ", " + c.Reason
	}
	if c.Err != nil {
		text += ": " + c.Err.Error()
	}
	return text
}

// Unwrap returns Err.
func (c Closing) Unwrap() error { return c.Err }

// Dismissed reports whether the server wanted this client gone: it closed with
// 1008, as an application has it do, whatever the reason, but for those that are
// the server's own: an expired token, for which Token is asked again, a rate limit,
// and a network that was too slow for a message. It is the default of
// Options.GiveUp. All other endings are followed by a reconnect: a restart (1012),
// an error, a slow reader (1013), and inactivity (1000), as a program that listens
// is no forgotten browser tab.
func Dismissed(c Closing) bool {
	switch c.Reason {
	case "token expired", "rate limit", "frame timeout":
		return false
	}
	return c.Code == codePolicy
}

// closingOf returns how a connection ended of which gws says err.
func closingOf(err error) Closing {
	var frame *gws.CloseError
	if errors.As(err, &frame) {
		return closedWith(frame.Code, string(frame.Reason))
	}
	if ours, ok := err.(interface{ Uint16() uint16 }); ok {
		if ours.Uint16() == codeNormal {
			return Closing{Code: codeNormal}
		}
		return Closing{Code: ours.Uint16(), Err: err}
	}
	return Closing{Code: codeAbnormal, Err: err}
}

func closedWith(code uint16, reason string) Closing {
	switch {
	case code == 0:
		return Closing{Code: codeNone}
	case code < codeNormal:
		return Closing{Code: codeProtocolError, Err: errors.New("the close frame has no valid code")}
	}
	return Closing{Code: code, Reason: reason}
}
