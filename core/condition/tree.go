package condition

// node is a part of a condition. It is immutable.
type node interface {
	holds(f Facts) bool
	// append appends the canonical text.
	append(dst []byte) []byte
}

// anyOf holds when one of two or more nodes does, of which none is an anyOf.
type anyOf []node

// allOf holds when all of two or more nodes do, of which none is an allOf.
type allOf []node

type negation struct{ of node }

func (n anyOf) holds(f Facts) bool {
	for _, part := range n {
		if part.holds(f) {
			return true
		}
	}
	return false
}

func (n allOf) holds(f Facts) bool {
	for _, part := range n {
		if !part.holds(f) {
			return false
		}
	}
	return true
}

func (n negation) holds(f Facts) bool { return !n.of.holds(f) }

func (n anyOf) append(dst []byte) []byte {
	for i, part := range n {
		if i > 0 {
			dst = append(dst, " or "...)
		}
		dst = part.append(dst)
	}
	return dst
}

func (n allOf) append(dst []byte) []byte {
	for i, part := range n {
		if i > 0 {
			dst = append(dst, " and "...)
		}
		if _, weaker := part.(anyOf); weaker {
			dst = appendInParentheses(dst, part)
		} else {
			dst = part.append(dst)
		}
	}
	return dst
}

func (n negation) append(dst []byte) []byte {
	dst = append(dst, "not "...)
	switch n.of.(type) {
	case anyOf, allOf:
		return appendInParentheses(dst, n.of)
	}
	return n.of.append(dst)
}

func appendInParentheses(dst []byte, n node) []byte {
	dst = append(dst, '(')
	dst = n.append(dst)
	return append(dst, ')')
}
