package bus

import "errors"

// ErrTooLarge says that a message or an event is larger than a bus takes, and was not
// sent: another attempt is in vain.
var ErrTooLarge = errors.New("the message is too large")
