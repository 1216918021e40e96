package condition

import "strings"

// kind is what a value or a literal is.
type kind uint8

const (
	kindMissing kind = iota
	kindNull
	kindFalse
	kindTrue
	kindNumber
	kindText
	kindArray
	kindObject
	kindUser // a text that may be a number
)

// value is what an operand stands for.
type value struct {
	kind kind
	raw  string // its JSON; a text without its quotes; the user id as it is
}

// userValue is the value of a user id.
func userValue(id string) value {
	if id == "" {
		return value{}
	}
	return value{kindUser, id}
}

// valueAt follows the path through a JSON document.
func valueAt(document string, path []string) value {
	if len(path) == 0 {
		return jsonValue(firstValue(document))
	}
	for _, name := range path {
		document = member(document, name)
	}
	return jsonValue(document)
}

// jsonValue is the value of JSON that reaches to valueEnd.
func jsonValue(raw string) value {
	if raw == "" {
		return value{}
	}
	switch c := raw[0]; {
	case c == '"':
		return value{kindText, raw[1 : len(raw)-1]}
	case c == '{':
		return value{kindObject, raw}
	case c == '[':
		return value{kindArray, raw}
	case c == '-' || isDigit(c):
		return value{kindNumber, raw}
	}
	return value{wordKind(raw), raw}
}

// wordKind is the kind of true, false and null, and kindMissing of all else.
func wordKind(word string) kind {
	switch word {
	case "true":
		return kindTrue
	case "false":
		return kindFalse
	case "null":
		return kindNull
	}
	return kindMissing
}

// truthy reports whether the value is there and says yes.
func (v value) truthy() bool {
	switch v.kind {
	case kindTrue, kindUser:
		return true
	case kindNumber:
		number, ok := parseDecimal(v.raw)
		return ok && number.sign != 0
	case kindText:
		return v.raw != ""
	case kindArray, kindObject:
		inside := v.raw[skipSpace(v.raw, 1)]
		return inside != ']' && inside != '}'
	}
	return false
}

// has reports whether the value is an array that has the element.
func (v value) has(element *literal) bool {
	if v.kind != kindArray {
		return false
	}
	at := 0
	for {
		start := skipSpace(v.raw, at+1) // behind the bracket or a comma
		end := valueEnd(v.raw, start)
		if jsonValue(v.raw[start:end]).equals(element) {
			return true
		}
		at = skipSpace(v.raw, end)
		if at == len(v.raw) || v.raw[at] != ',' {
			return false
		}
	}
}

func (v value) equalsAny(literals []literal) bool {
	for i := range literals {
		if v.equals(&literals[i]) {
			return true
		}
	}
	return false
}

func (v value) equals(l *literal) bool {
	order, ok := v.compare(l)
	return ok && order == 0
}

// compare compares the value with a literal as compare functions do. ok is false
// for what can be neither equal nor ordered.
func (v value) compare(l *literal) (order int, ok bool) {
	switch {
	case v.kind == kindUser:
		return compareUser(v.raw, l)
	case v.kind != l.kind:
		return 0, false
	case v.kind == kindText:
		return compareText(v.raw, l.text), true
	case v.kind == kindNumber:
		number, ok := parseDecimal(v.raw)
		return number.compare(l.number), ok
	}
	return 0, true
}

// compareUser compares a user id as what the literal is.
func compareUser(id string, l *literal) (order int, ok bool) {
	if l.kind == kindText {
		return strings.Compare(id, l.text), true
	}
	number, ok := parseDecimal(id)
	return number.compare(l.number), ok && isPlain(id)
}
