package condition

import "fmt"

// SyntaxError says why a text is no condition.
type SyntaxError struct {
	Position int    // how many bytes of the text stand before the mistake
	Text     string // a sentence without its full stop
}

// Error returns the position and the sentence.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("condition, at byte %d: %s", e.Position, e.Text)
}

// What is wrong with conditions.
var (
	errTooLong  = &SyntaxError{0, fmt.Sprintf("A condition has at most %d bytes, in its canonical text too", MaxLength)}
	tooDeep     = fmt.Sprintf("Parentheses and nots stand at most %d deep in each other", MaxDepth)
	tooManyIn   = fmt.Sprintf("A list has at most %d values", MaxValues)
	longPath    = fmt.Sprintf("A path has at most %d names", MaxPath)
	badExponent = fmt.Sprintf("A number is 0, or from 1e-%d up to below 1e%d, whatever its sign", MaxExponent+1, MaxExponent)
)

const (
	notUTF8      = "The text is not UTF-8"
	noCharacter  = "This character means nothing here; texts and unusual names stand in double quotes"
	noOperator   = "There is no such operator; there are ==, !=, <, <=, >, >=, !, && and ||"
	noOperand    = "An operand is expected: user, claim:NAME or meta:KEY"
	noName       = "A name is expected: letters, digits, _ and -, or anything in double quotes"
	noComparison = "A comparison, and, or, or the end is expected"
	noEnd        = "The words and, or, or the end are expected"
	noLiteral    = "A literal is expected: a word, a number, true, false, null, or a text in double quotes"
	noNumber     = "This is no number as JSON writes it; in double quotes it is a text"
	notLiteral   = "Operands and the words of the language are no literals; in double quotes they are texts"
	noList       = "A list is expected: in (a, b)"
	noComma      = "A comma or a closing parenthesis is expected"
	noParen      = "A closing parenthesis is expected"
	noQuote      = "The closing quote is missing"
	badEscape    = "There is no such escape in JSON"
	halfPair     = "Half a surrogate pair is no character"
	rawControl   = "Control characters in quotes are written as escapes"
	noOrder      = "Only numbers and texts have an order"
	userLiteral  = "The user id is compared with texts and numbers; user alone asks whether there is one"
	userHas      = "The user id is no array; has is for claims and metadata"
)
