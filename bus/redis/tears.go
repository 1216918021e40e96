package redis

import "time"

// tears are the channels of which messages were lost on their way to Redis, and
// the last one of each. Who listens has to be told: by a notice in front of the
// next message, or alone if there is none. They are not for several goroutines at
// once.
type tears map[string]mark

// add notes a lost message. Of channels beyond max the loss shows only where a
// later message comes after an earlier one.
func (t tears) add(channel string, lost mark, max int) {
	if last, known := t[channel]; known && lost.before(last) || !known && len(t) >= max {
		return
	}
	t[channel] = lost
}

// notice is a message that says nothing but what was lost before it.
func notice(channel string, lost mark) outgoing {
	header, _ := appendHeader(nil, &header{mark: lost}) // without a target nothing fails
	return outgoing{channel: channel, message: header, numbered: true, notice: true, since: time.Now()}
}
