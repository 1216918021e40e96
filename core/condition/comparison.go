package condition

// operator is what a comparison does with its operand, as it is written.
type operator string

const (
	opPresent        operator = "" // no literal
	opEqual          operator = "=="
	opNotEqual       operator = "!="
	opLess           operator = "<"
	opLessOrEqual    operator = "<="
	opGreater        operator = ">"
	opGreaterOrEqual operator = ">="
	opIn             operator = "in" // any number of literals
	opHas            operator = "has"
)

// ordersValues reports whether the operator needs an order.
func (op operator) ordersValues() bool {
	switch op {
	case opLess, opLessOrEqual, opGreater, opGreaterOrEqual:
		return true
	}
	return false
}

// comparison is one test of one operand.
type comparison struct {
	operand  operand
	op       operator
	literals []literal
}

func (c *comparison) holds(f Facts) bool {
	v := c.operand.value(f)
	switch c.op {
	case opPresent:
		return v.truthy()
	case opIn:
		return v.equalsAny(c.literals)
	case opHas:
		return v.has(&c.literals[0])
	case opNotEqual:
		return !v.equals(&c.literals[0])
	}
	order, ok := v.compare(&c.literals[0])
	return ok && c.op.accepts(order)
}

// accepts reports whether the operator holds for a value that is less than
// (negative), equal to (0) or greater than the literal.
func (op operator) accepts(order int) bool {
	switch op {
	case opEqual:
		return order == 0
	case opLess:
		return order < 0
	case opLessOrEqual:
		return order <= 0
	case opGreater:
		return order > 0
	case opGreaterOrEqual:
		return order >= 0
	}
	return false
}

func (c *comparison) append(dst []byte) []byte {
	dst = c.operand.append(dst)
	if c.op == opPresent {
		return dst
	}
	dst = append(append(append(dst, ' '), c.op...), ' ')
	if c.op != opIn {
		return c.literals[0].append(dst)
	}
	dst = append(dst, '(')
	for i := range c.literals {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = c.literals[i].append(dst)
	}
	return append(dst, ')')
}
