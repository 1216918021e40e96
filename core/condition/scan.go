package condition

// Finding values in JSON that is valid already, without copying. What is not
// valid is never read beyond its end. Indexes are those of one string, which is
// faster here than cutting it up.

// member returns the value of the last member of that name, "" where there is
// none or no object.
func member(object, name string) string {
	found := ""
	at := skipSpace(object, 0)
	if at == len(object) || object[at] != '{' {
		return ""
	}
	for {
		at = skipSpace(object, at+1)
		end := valueEnd(object, at)
		key := object[at:end]
		at = skipSpace(object, end)
		if at == len(object) || object[at] != ':' || key[0] != '"' {
			return ""
		}
		at = skipSpace(object, at+1)
		end = valueEnd(object, at)
		if isText(key[1:len(key)-1], name) {
			found = object[at:end]
		}
		at = skipSpace(object, end)
		switch {
		case at == len(object):
			return ""
		case object[at] == '}':
			return found
		case object[at] != ',':
			return ""
		}
	}
}

// isText reports whether a text as JSON writes it, without its quotes, is the
// plain one.
func isText(escaped, plain string) bool {
	switch {
	case len(escaped) < len(plain): // no escape is shorter than what it stands for
		return false
	case plain != "" && escaped[0] != plain[0] && escaped[0] != '\\':
		return false
	}
	return compareText(escaped, plain) == 0
}

// skipSpace is the index of the first byte, from at on, that is no white space.
func skipSpace(s string, at int) int {
	for at < len(s) && s[at] <= ' ' {
		at++
	}
	return at
}

// firstValue returns the value at the start of s, "" when there is none or it is
// cut short.
func firstValue(s string) string {
	at := skipSpace(s, 0)
	return s[at:valueEnd(s, at)]
}

// valueEnd is the index behind the value at at, or at when there is none or it is
// cut short.
func valueEnd(s string, at int) int {
	if at == len(s) {
		return at
	}
	switch s[at] {
	case '"':
		return quotedEnd(s, at)
	case '{', '[':
		return nestedEnd(s, at)
	}
	for at < len(s) && isScalarByte(s[at]) {
		at++
	}
	return at
}

// quotedEnd is valueEnd for a text.
func quotedEnd(s string, at int) int {
	for i := at + 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return at
}

// nestedEnd is valueEnd for an array or object. It does not tell brackets from
// braces.
func nestedEnd(s string, at int) int {
	depth := 0
	for i := at; i < len(s); i++ {
		switch s[i] {
		case '"':
			end := quotedEnd(s, i)
			if end == i {
				return at
			}
			i = end - 1
		case '{', '[':
			depth++
		case '}', ']':
			depth--
			if depth == 0 {
				return i + 1
			}
		}
	}
	return at
}

// isScalarByte is for what numbers, true, false and null consist of.
func isScalarByte(c byte) bool { return c > ' ' && c != ',' && c != ']' && c != '}' }

// runSize is the number of bytes at the start of s that belong.
func runSize(s string, belongs func(byte) bool) int {
	for i := range len(s) {
		if !belongs(s[i]) {
			return i
		}
	}
	return len(s)
}
