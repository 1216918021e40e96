package auth

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"
)

// SubjectText returns the text of a subject that JSON holds as a string or as a
// number, in one spelling. It is the key by which users are found.
func SubjectText(raw json.RawMessage) (text string, ok bool) {
	if len(raw) == 0 {
		return "", false
	}
	if raw[0] == '"' {
		err := json.Unmarshal(raw, &text)
		// Half a surrogate pair decodes to U+FFFD, and so would others: two
		// subjects must not become one user.
		return text, err == nil && text != "" && !strings.ContainsRune(text, utf8.RuneError)
	}
	var number json.Number
	if err := json.Unmarshal(raw, &number); err != nil || number == "" {
		return "", false
	}
	return numberText(number.String())
}

// numberText is a number in one spelling, so that 100 and 1e2 are one user, as
// they are to JavaScript. Whole numbers stay as they are, however large.
func numberText(number string) (text string, ok bool) {
	if !strings.ContainsAny(number, ".eE") && number != "-0" {
		return number, true
	}
	f, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return "", false
	}
	if f == 0 {
		return "0", true // not "-0"
	}
	return strconv.FormatFloat(f, 'f', -1, 64), true
}
