package condition

import "slices"

var operators = []operator{
	opEqual, opNotEqual, opLess, opLessOrEqual, opGreater, opGreaterOrEqual, opIn, opHas,
}

// comparison reads an operand, and the operator and literals behind it if there
// are any.
func (p *parser) comparison() node {
	c := &comparison{operand: p.operand()}
	at := p.token.at
	c.op = p.operator()
	switch {
	case c.op == opPresent:
		return c
	case c.op == opHas && c.operand.source == fromUser:
		p.fail(at, userHas)
	case c.op == opIn:
		c.literals = p.list(c)
	default:
		c.literals = []literal{p.literal(c)}
	}
	return c
}

// operand reads user, claim:NAME or meta:KEY.
func (p *parser) operand() operand {
	at := p.token.at
	from := source(p.token.text)
	switch {
	case p.take(string(fromUser)):
		return operand{source: from}
	case p.token.kind != tokenWord || from != fromClaims && from != fromMetadata:
		p.fail(at, noOperand)
		return operand{}
	case !p.before(':'):
		p.fail(p.at, noOperand)
		return operand{}
	}
	o := operand{from, p.path()}
	p.advance()
	return o
}

// path reads names with a dot between them, behind the colon that it is at.
func (p *parser) path() (names []string) {
	for {
		p.at++
		if len(names) == MaxPath {
			p.fail(p.at, longPath)
			return nil
		}
		names = append(names, p.name())
		if !p.before('.') {
			return names
		}
	}
}

func (p *parser) name() string {
	if p.before('"') {
		return p.quoted()
	}
	name := p.run(isNameByte)
	if name == "" {
		p.fail(p.at, noName)
	}
	return name
}

// operator reads the operator behind an operand. It is opPresent before whatever
// may stand behind a whole comparison.
func (p *parser) operator() operator {
	op := operator(p.token.text)
	switch p.token.kind {
	case tokenEnd:
		return opPresent
	case tokenSymbol, tokenWord:
		if slices.Contains(operators, op) {
			p.advance()
			return op
		}
		if slices.Contains([]string{")", "and", "or", "&&", "||"}, p.token.text) {
			return opPresent
		}
	}
	p.fail(p.token.at, noComparison)
	return opPresent
}

// list reads literals in parentheses.
func (p *parser) list(c *comparison) (literals []literal) {
	if !p.take("(") {
		p.fail(p.token.at, noList)
		return nil
	}
	for p.err == nil {
		if len(literals) == MaxValues {
			p.fail(p.token.at, tooManyIn)
		}
		literals = append(literals, p.literal(c))
		if p.take(")") {
			break
		}
		if !p.take(",") {
			p.fail(p.token.at, noComma)
		}
	}
	return literals
}

// literal reads a literal that makes sense in the comparison.
func (p *parser) literal(c *comparison) literal {
	at := p.token.at
	l := p.anyLiteral()
	switch {
	case l.kind == kindText || l.kind == kindNumber:
	case c.operand.source == fromUser:
		p.fail(at, userLiteral)
	case c.op.ordersValues():
		p.fail(at, noOrder)
	}
	return l
}

func (p *parser) anyLiteral() (l literal) {
	t := p.token
	switch t.kind {
	case tokenQuoted:
		l = literal{kind: kindText, text: t.text}
	case tokenNumber:
		l = p.number(t)
	case tokenWord:
		l = p.word(t)
	default:
		p.fail(t.at, noLiteral)
	}
	p.advance()
	return l
}

func (p *parser) number(t token) literal {
	number, ok := parseDecimal(t.text)
	switch {
	case !ok:
		p.fail(t.at, noNumber)
	case number.exponent < -MaxExponent || number.exponent > MaxExponent:
		p.fail(t.at, badExponent)
	}
	return literal{kindNumber, t.text, number}
}

func (p *parser) word(t token) literal {
	if kind := wordKind(t.text); kind != kindMissing {
		return literal{kind: kind, text: t.text}
	}
	if !isLiteralWord(t.text) || p.before(':') {
		p.fail(t.at, notLiteral)
	}
	return literal{kind: kindText, text: t.text}
}
