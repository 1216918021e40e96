package condition

import (
	"cmp"
	"encoding/json"
	"math/big"
	"regexp"
	"strings"
)

// reference evaluates conditions slowly: with encoding/json and math/big, and
// nothing of the code that it checks but the tree.
type reference struct{ client *client }

// absent is a value that is not there, and userID one that is text and number.
type (
	absent struct{}
	userID string
)

// plainNumber is how tokens' numeric subjects are spelled as user ids.
var plainNumber = regexp.MustCompile(`^(0|-?0\.[0-9]*[1-9]|-?[1-9][0-9]*(\.[0-9]*[1-9])?)$`)

func (r reference) holds(n node) bool {
	switch n := n.(type) {
	case negation:
		return !r.holds(n.of)
	case anyOf:
		for _, part := range n {
			if r.holds(part) {
				return true
			}
		}
		return false
	case allOf:
		for _, part := range n {
			if !r.holds(part) {
				return false
			}
		}
		return true
	}
	return r.compares(n.(*comparison))
}

func (r reference) compares(c *comparison) bool {
	v := r.value(&c.operand)
	switch c.op {
	case opPresent:
		return truthy(v)
	case opHas:
		elements, _ := v.([]any)
		for _, e := range elements {
			if equal(e, c.literals[0]) {
				return true
			}
		}
		return false
	}
	some := false
	for _, l := range c.literals {
		some = some || equal(v, l)
	}
	order, ordered := ordering(v, c.literals[0])
	switch c.op {
	case opEqual, opIn:
		return some
	case opNotEqual:
		return !some
	case opLess:
		return ordered && order < 0
	case opLessOrEqual:
		return ordered && order <= 0
	case opGreater:
		return ordered && order > 0
	}
	return ordered && order >= 0
}

func (r reference) value(o *operand) any {
	switch o.source {
	case fromUser:
		if r.client.user == "" {
			return absent{}
		}
		return userID(r.client.user)
	case fromClaims:
		return follow(r.client.claims, o.path)
	}
	return follow(r.client.metadata[o.path[0]], o.path[1:])
}

func follow(document string, path []string) any {
	decoder := json.NewDecoder(strings.NewReader(document))
	decoder.UseNumber()
	var v any
	if decoder.Decode(&v) != nil {
		return absent{}
	}
	for _, name := range path {
		object, _ := v.(map[string]any)
		member, ok := object[name]
		if !ok {
			return absent{}
		}
		v = member
	}
	return v
}

func truthy(v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case json.Number:
		return rational(v.String()).Sign() != 0
	case string:
		return v != ""
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	case userID:
		return true
	}
	return false
}

func equal(v any, l literal) bool {
	switch l.kind {
	case kindNull:
		return v == nil
	case kindTrue, kindFalse:
		truth, ok := v.(bool)
		return ok && truth == (l.kind == kindTrue)
	}
	order, ordered := ordering(v, l)
	return ordered && order == 0
}

// ordering compares numbers with numbers and texts with texts.
func ordering(v any, l literal) (order int, ok bool) {
	switch v := v.(type) {
	case string:
		return cmp.Compare(v, l.text), l.kind == kindText
	case json.Number:
		if l.kind == kindNumber {
			return rational(v.String()).Cmp(rational(l.text)), true
		}
	case userID:
		if l.kind == kindText {
			return cmp.Compare(string(v), l.text), true
		}
		if l.kind == kindNumber && plainNumber.MatchString(string(v)) {
			return rational(string(v)).Cmp(rational(l.text)), true
		}
	}
	return 0, false
}

func rational(number string) *big.Rat {
	r, ok := new(big.Rat).SetString(number)
	if !ok {
		panic("no number: " + number)
	}
	return r
}
