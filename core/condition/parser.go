package condition

import "unicode/utf8"

// parser reads one condition. After the first mistake the text is at its end, so
// that nothing looks further.
type parser struct {
	text  string
	at    int   // behind the token
	token token // the one to look at
	depth int   // of parentheses and nots
	err   *SyntaxError
}

// fail notes the first mistake.
func (p *parser) fail(at int, sentence string) {
	if p.err == nil {
		p.err = &SyntaxError{at, sentence}
	}
	p.at = len(p.text)
	p.token = token{kind: tokenEnd, at: p.at}
}

// condition reads all of the text.
func (p *parser) condition() node {
	if at := firstInvalid(p.text); at < len(p.text) {
		p.fail(at, notUTF8)
		return nil
	}
	p.advance()
	root := p.anyOf()
	if p.token.kind != tokenEnd {
		p.fail(p.token.at, noEnd)
	}
	return root
}

// firstInvalid is where UTF-8 ends.
func firstInvalid(text string) int {
	for i, r := range text {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(text[i:]); size == 1 {
				return i
			}
		}
	}
	return len(text)
}

// take skips the token if it is the word or symbol.
func (p *parser) take(texts ...string) bool {
	if p.token.kind != tokenWord && p.token.kind != tokenSymbol {
		return false
	}
	for _, text := range texts {
		if p.token.text == text {
			p.advance()
			return true
		}
	}
	return false
}

func (p *parser) anyOf() node { return chain[anyOf](p, p.allOf, "or", "||") }

func (p *parser) allOf() node { return chain[allOf](p, p.factor, "and", "&&") }

// parts is anyOf or allOf.
type parts interface {
	~[]node
	node
}

// chain reads parts with a word or a sign between them. One part alone is itself.
func chain[L parts](p *parser, read func() node, word, sign string) node {
	list := appendPart(L(nil), read())
	for p.take(word, sign) {
		list = appendPart(list, read())
	}
	if len(list) == 1 {
		return list[0]
	}
	return list
}

// appendPart appends a part, or its parts if it is such a list itself.
func appendPart[L parts](dst L, part node) L {
	if list, same := part.(L); same {
		return append(dst, list...)
	}
	return append(dst, part)
}

// factor reads a not, parentheses or a comparison.
func (p *parser) factor() node {
	at := p.token.at
	switch {
	case p.take("not", "!"):
		return p.nested(at, func() node { return negation{p.factor()} })
	case p.take("("):
		return p.nested(at, p.parentheses)
	}
	return p.comparison()
}

// nested reads what stands one deeper, because of what stands at the position.
func (p *parser) nested(at int, read func() node) node {
	if p.depth == MaxDepth {
		p.fail(at, tooDeep)
		return nil
	}
	p.depth++
	n := read()
	p.depth--
	return n
}

func (p *parser) parentheses() node {
	inside := p.anyOf()
	if !p.take(")") {
		p.fail(p.token.at, noParen)
	}
	return inside
}
