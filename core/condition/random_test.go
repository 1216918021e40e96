package condition

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/codec"
)

// dice makes conditions, spellings of them, and clients to whom they are put,
// all of few names and values, so that they often hold.
type dice struct{ *rand.Rand }

func newDice(seed uint64) dice { return dice{rand.New(rand.NewPCG(seed, 1))} }

var (
	someNames   = []string{"a", "b", "a-b_1", "0", "not", "a.b", "", "é", "\"\\", "\u2028", "😀\n", "\ufffd"}
	someTexts   = []string{"a", "b", "ab", "user", "true", "5", "", "é", "\"\\", "a b", "\x00\x1f\x7f", "😀", "\ufffd", "\uffff", "B-_9"}
	someNumbers = []string{"5", "5.0", "50e-1", "0.5E+1", "-5", "0", "-0", "0.0e9", "0.05", "5e-2", "50", "51", "5.1", "9007199254740993", "9007199254740992", "1e300"}
	someUsers   = []string{"", "5", "5.0", "a", "ab", "50", "-5", "0", "0.05", "9007199254740993", "é", "true"}
)

func (d dice) one(of []string) string { return of[d.IntN(len(of))] }

func (d dice) oneIn(n int) bool { return d.IntN(n) == 0 }

// node makes a tree as Parse makes them.
func (d dice) node(depth int) node {
	if depth == 0 || d.oneIn(3) {
		return d.comparison()
	}
	switch d.IntN(3) {
	case 0:
		return negation{d.node(depth - 1)}
	case 1:
		parts := appendPart(anyOf(nil), d.node(depth-1))
		return appendPart(parts, d.node(depth-1))
	}
	parts := appendPart(allOf(nil), d.node(depth-1))
	return appendPart(parts, d.node(depth-1))
}

func (d dice) comparison() node {
	c := &comparison{operand: d.operand(), op: opPresent}
	if d.oneIn(4) {
		return c
	}
	c.op = operators[d.IntN(len(operators))]
	user := c.operand.source == fromUser
	if user && c.op == opHas {
		c.op = opIn
	}
	count := 1
	if c.op == opIn {
		count += d.IntN(4)
	}
	for range count {
		c.literals = append(c.literals, d.literal(!user && !c.op.ordersValues()))
	}
	return c
}

func (d dice) operand() operand {
	if d.oneIn(5) {
		return operand{source: fromUser}
	}
	o := operand{source: fromClaims}
	if d.oneIn(4) {
		o.source = fromMetadata
	}
	for range 1 + d.IntN(3)*d.IntN(2) {
		o.path = append(o.path, d.one(someNames))
	}
	return o
}

func (d dice) literal(anyKind bool) literal {
	switch d.IntN(3) {
	case 0:
		if anyKind {
			word := d.one([]string{"true", "false", "null"})
			return literal{kind: wordKind(word), text: word}
		}
	case 1:
		text := d.one(someNumbers)
		number, _ := parseDecimal(text)
		return literal{kindNumber, text, number}
	}
	return literal{kind: kindText, text: d.one(someTexts)}
}

// spell writes the tree in one of its many ways. strength is that of what
// stands around it: 0 for or, 1 for and, 2 for not.
func (d dice) spell(n node, strength int) string {
	var text string
	own := 2
	switch n := n.(type) {
	case anyOf:
		text, own = d.join(n, 0, " or ", "||"), 0
	case allOf:
		text, own = d.join(n, 1, " and ", "&&"), 1
	case negation:
		text = d.one([]string{"not ", "!"}) + d.space() + d.spell(n.of, 2)
	case *comparison:
		text = d.spellComparison(n)
	}
	if own < strength || d.oneIn(8) {
		return "(" + d.space() + text + d.space() + ")"
	}
	return text
}

func (d dice) join(parts []node, strength int, separators ...string) string {
	text := d.spell(parts[0], strength)
	for _, part := range parts[1:] {
		text += d.space() + d.one(separators) + d.space() + d.spell(part, strength)
	}
	return text
}

func (d dice) spellComparison(c *comparison) string {
	text := string(c.operand.source)
	separator := ":"
	for _, name := range c.operand.path {
		bare := name != "" && strings.Trim(name, "abnot01-_") == ""
		text += separator + d.spellText(name, bare)
		separator = "."
	}
	if c.op == opPresent {
		return text
	}
	word := c.op == opIn || c.op == opHas
	if word {
		text += " "
	}
	text += d.space() + string(c.op) + d.space()
	if c.op == opHas {
		text += " "
	}
	if c.op != opIn {
		return text + d.spellLiteral(&c.literals[0])
	}
	var values []string
	for i := range c.literals {
		values = append(values, d.space()+d.spellLiteral(&c.literals[i])+d.space())
	}
	return text + "(" + strings.Join(values, ",") + ")"
}

func (d dice) spellLiteral(l *literal) string {
	if l.kind != kindText {
		return l.text
	}
	bare := l.text != "user" && l.text != "true" && l.text != "" && strings.Trim(l.text, "abusertB-_9") == ""
	return d.spellText(l.text, bare)
}

// spellText writes a text in quotes, some of its characters as escapes, or
// without quotes if it may stand so.
func (d dice) spellText(text string, bare bool) string {
	if bare && d.oneIn(2) {
		return text
	}
	quoted := string(codec.AppendString(nil, text))
	if text == "a" && d.oneIn(2) {
		return `"\u0061"`
	}
	return strings.ReplaceAll(quoted, "😀", d.one([]string{"😀", `\ud83d\uDE00`}))
}

func (d dice) space() string { return d.one([]string{"", "", "", " ", "\t", "\r\n "}) }

func (d dice) client() *client {
	c := &client{user: d.one(someUsers), metadata: map[string]string{}}
	if !d.oneIn(20) {
		c.claims = d.object(3)
	}
	for _, key := range someNames {
		if d.oneIn(2) {
			c.metadata[key] = d.space() + d.json(2) + d.space()
		}
	}
	return c
}

// json makes a value, with duplicate names in its objects now and then.
func (d dice) json(depth int) string {
	if depth > 0 && d.oneIn(3) {
		return d.object(depth)
	}
	switch d.IntN(4) {
	case 0:
		return d.one([]string{"true", "false", "null", "[ ]", "{\n}", "[]", "{}"})
	case 1:
		return d.one(someNumbers)
	case 2:
		if depth > 0 {
			return "[" + d.json(depth-1) + d.space() + "," + d.space() + d.json(depth-1) + "]"
		}
	}
	return d.spellText(d.one(someTexts), false)
}

func (d dice) object(depth int) string {
	members := make([]string, 1+d.IntN(8))
	for i := range members {
		name := d.spellText(d.one(someNames), false)
		members[i] = d.space() + name + d.space() + ":" + d.space() + d.json(depth-1) + d.space()
	}
	return d.space() + "{" + strings.Join(members, ",") + "}" + d.space()
}

func TestRandom_EverySpellingIsTheCondition(t *testing.T) {
	accepted := 0
	for seed := range uint64(6_000) {
		d := newDice(seed)
		root := d.node(4)
		spelling := d.spell(root, 0)
		c, err := Parse(spelling)
		if len(spelling) > MaxLength || len(root.append(nil)) > MaxLength {
			require.Equal(t, errTooLong, err)
			continue
		}
		require.NoError(t, err, "%q", spelling)
		require.Equal(t, root, c.root, "%q", spelling)
		requireCanonical(t, c)
		accepted++
	}
	require.Greater(t, accepted, 4_500)
}

// requireCanonical makes sure that the text of a condition is that condition.
func requireCanonical(t *testing.T, c *Condition) {
	t.Helper()
	again, err := Parse(c.String())
	require.NoError(t, err, "%q", c)
	require.Equal(t, c, again)
}

func TestRandom_HoldsAgreesWithTheReference(t *testing.T) {
	held := 0
	for seed := range uint64(8_000) {
		d := newDice(seed)
		c := &Condition{root: d.node(2)}
		facts := d.client()
		require.True(t, codec.ValidJSON([]byte(facts.claims)) || facts.claims == "", facts.claims)
		want := reference{facts}.holds(c.root)
		require.Equal(t, want, c.Holds(facts), "%s of %+v", c.root.append(nil), facts)
		if want {
			held++
		}
	}
	require.Greater(t, held, 2_000)
	require.Less(t, held, 6_000)
}
