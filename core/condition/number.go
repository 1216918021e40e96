package condition

import (
	"cmp"
	"strings"
)

// decimal is a number, exactly: sign × 0.DIGITS × 10^exponent. Its digits are a
// view of the text that it was parsed from.
type decimal struct {
	sign     int    // -1, 0 or 1
	digits   string // from the first to the last that is not 0; may have a point in it
	exponent int
}

// exponentCeiling is where exponents that are written end. A literal's is far
// below it, so a number there is unequal to all of them and on the right side.
const exponentCeiling = 1_000_000_000_000

// parseDecimal reads a number of JSON.
func parseDecimal(s string) (d decimal, ok bool) {
	unsigned := strings.TrimPrefix(s, "-")
	whole := runSize(unsigned, isDigit)
	if whole == 0 || whole > 1 && unsigned[0] == '0' {
		return decimal{}, false
	}
	size := whole
	if strings.HasPrefix(unsigned[whole:], ".") {
		fraction := runSize(unsigned[whole+1:], isDigit)
		if fraction == 0 {
			return decimal{}, false
		}
		size += 1 + fraction
	}
	exponent, ok := parseExponent(unsigned[size:])
	if !ok {
		return decimal{}, false
	}
	sign := 1
	if len(unsigned) < len(s) {
		sign = -1
	}
	return newDecimal(sign, unsigned[:size], whole, exponent), true
}

// newDecimal is a number whose digits have their point at the index whole.
func newDecimal(sign int, digits string, whole, exponent int) decimal {
	first := 0
	for first < len(digits) && (digits[first] == '0' || digits[first] == '.') {
		first++
	}
	if first == len(digits) {
		return decimal{}
	}
	last := len(digits)
	for digits[last-1] == '0' || digits[last-1] == '.' {
		last--
	}
	if first > whole {
		exponent++ // for the point between whole and first
	}
	return decimal{sign, digits[first:last], exponent + whole - first}
}

// parseExponent reads what stands behind the digits of a number, which may be
// nothing.
func parseExponent(s string) (exponent int, ok bool) {
	if s == "" {
		return 0, true
	}
	if s[0] != 'e' && s[0] != 'E' {
		return 0, false
	}
	digits := s[1:]
	negative := strings.HasPrefix(digits, "-")
	if negative || strings.HasPrefix(digits, "+") {
		digits = digits[1:]
	}
	if digits == "" || runSize(digits, isDigit) < len(digits) {
		return 0, false
	}
	for i := range len(digits) {
		exponent = min(10*exponent+int(digits[i]-'0'), exponentCeiling)
	}
	if negative {
		return -exponent, true
	}
	return exponent, true
}

// compare returns -1, 0 or 1 as d is less than, equal to or greater than other.
func (d decimal) compare(other decimal) int {
	if order := cmp.Compare(d.sign, other.sign); order != 0 {
		return order
	}
	if order := cmp.Compare(d.exponent, other.exponent); order != 0 {
		return d.sign * order
	}
	return d.sign * compareDigits(d.digits, other.digits)
}

// compareDigits compares fractions 0.DIGITS, of which the last digit is not 0.
func compareDigits(a, b string) int {
	for {
		a, b = strings.TrimPrefix(a, "."), strings.TrimPrefix(b, ".")
		if a == "" || b == "" {
			return cmp.Compare(len(a), len(b))
		}
		if a[0] != b[0] {
			return cmp.Compare(a[0], b[0])
		}
		a, b = a[1:], b[1:]
	}
}

// isPlain reports whether a number of JSON is in the one spelling that numeric
// subjects of tokens have as user ids: no exponent, no needless zero or sign.
func isPlain(number string) bool {
	if strings.Contains(number, ".") && strings.HasSuffix(number, "0") {
		return false
	}
	return number != "-0" && !strings.ContainsAny(number, "eE")
}
