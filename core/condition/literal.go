package condition

import "github.com/gannet-ws/gannet/codec"

// literal is a value that stands in a condition: kindText, kindNumber, kindTrue,
// kindFalse or kindNull.
type literal struct {
	kind   kind
	text   string // the text itself; of other kinds, how it is written
	number decimal
}

// append appends the literal, a text in quotes where it needs them.
func (l *literal) append(dst []byte) []byte {
	if l.kind == kindText && !isLiteralWord(l.text) {
		return codec.AppendString(dst, l.text)
	}
	return append(dst, l.text...)
}

// isLiteralWord reports whether a text that stands without quotes is a literal,
// and that same text.
func isLiteralWord(text string) bool {
	return text != "" && isWordStart(text[0]) && runSize(text, isNameByte) == len(text) &&
		!isReserved(text) && wordKind(text) == kindMissing
}

// isReserved reports whether the word is one of the language.
func isReserved(word string) bool {
	switch word {
	case "user", "not", "and", "or", "in", "has":
		return true
	}
	return false
}
