package condition

import (
	"strings"
	"unicode/utf8"
)

type tokenKind uint8

const (
	tokenEnd tokenKind = iota
	tokenSymbol
	tokenWord
	tokenNumber
	tokenQuoted
)

type token struct {
	kind tokenKind
	text string // of quotes, what stands in them
	at   int    // where it begins
}

// symbols, of which one that begins with another stands before it.
var symbols = []string{"==", "!=", "<=", ">=", "&&", "||", "<", ">", "!", "(", ")", ","}

// advance reads the next token.
func (p *parser) advance() {
	for p.at < len(p.text) && isSpace(p.text[p.at]) {
		p.at++
	}
	at, rest := p.at, p.text[p.at:]
	switch {
	case rest == "":
		p.token = token{kind: tokenEnd, at: at}
	case rest[0] == '"':
		p.token = token{tokenQuoted, p.quoted(), at}
	case isWordStart(rest[0]):
		p.token = token{tokenWord, p.run(isNameByte), at}
	case rest[0] == '-' || isDigit(rest[0]):
		p.token = token{tokenNumber, p.run(isNumberByte), at}
	default:
		p.token = token{tokenSymbol, p.symbol(), at}
	}
	if p.err != nil {
		p.token = token{kind: tokenEnd, at: at}
	}
}

// before reports whether c is what comes next, directly behind the token.
func (p *parser) before(c byte) bool { return p.at < len(p.text) && p.text[p.at] == c }

// run reads the bytes that belong.
func (p *parser) run(belongs func(byte) bool) string {
	rest := p.text[p.at:]
	size := runSize(rest, belongs)
	p.at += size
	return rest[:size]
}

func (p *parser) symbol() string {
	rest := p.text[p.at:]
	for _, s := range symbols {
		if strings.HasPrefix(rest, s) {
			p.at += len(s)
			return s
		}
	}
	if strings.IndexByte("=&|", rest[0]) >= 0 {
		p.fail(p.at, noOperator)
	} else {
		p.fail(p.at, noCharacter)
	}
	return ""
}

// quoted reads a text in quotes and returns what stands in them.
func (p *parser) quoted() string {
	var text strings.Builder
	start := p.at
	for p.at++; p.at < len(p.text); {
		rest := p.text[p.at:]
		switch c := rest[0]; {
		case c == '"':
			p.at++
			return text.String()
		case c < ' ':
			p.fail(p.at, rawControl)
			return ""
		case c == '\\':
			p.escape(&text)
		default:
			r, size := utf8.DecodeRuneInString(rest)
			text.WriteRune(r)
			p.at += size
		}
	}
	p.fail(start, noQuote)
	return ""
}

// escape reads an escape in quotes.
func (p *parser) escape(text *strings.Builder) {
	rest := p.text[p.at:]
	r, size := unescape(rest)
	switch {
	case size == 0:
		p.fail(p.at, badEscape)
	case r == utf8.RuneError && !strings.EqualFold(rest[:size], `\ufffd`):
		p.fail(p.at, halfPair)
	default:
		text.WriteRune(r)
		p.at += size
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isWordStart(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }

func isNameByte(c byte) bool { return isWordStart(c) || isDigit(c) || c == '-' }

// isNumberByte takes in what may follow a number by mistake, so that all of it
// is refused.
func isNumberByte(c byte) bool { return isNameByte(c) || c == '.' || c == '+' }
