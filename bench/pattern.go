package bench

import "strings"

// pattern is a text with placeholders such as {room}. Braces around anything else
// are text, so that JSON can be written as it is. It does not change.
type pattern struct {
	texts []string // before, between and behind the names
	names []string // of the placeholders, with their braces
}

// parsePattern cuts a text at the placeholders of these names.
func parsePattern(text string, names ...string) (p pattern) {
	for {
		at, name := firstOf(text, names)
		if at < 0 {
			p.texts = append(p.texts, text)
			return p
		}
		p.texts, p.names = append(p.texts, text[:at]), append(p.names, name)
		text = text[at+len(name):]
	}
}

// firstOf finds the name that comes first in a text; at is -1 if none does.
func firstOf(text string, names []string) (at int, name string) {
	at = -1
	for _, n := range names {
		if i := strings.Index(text, n); i >= 0 && (at < 0 || i < at) {
			at, name = i, n
		}
	}
	return at, name
}

// append appends the text with what fill appends for each placeholder.
func (p *pattern) append(dst []byte, fill func(dst []byte, name string) []byte) []byte {
	for i, name := range p.names {
		dst = append(dst, p.texts[i]...)
		dst = fill(dst, name)
	}
	return append(dst, p.texts[len(p.names)]...)
}

// The placeholders of templates.
const (
	holeRoom          = "{room}"
	holeConn          = "{conn}"
	holeID            = "{id}"
	holeMessage       = "{message}"
	holeMessageString = "{message-string}"
)
