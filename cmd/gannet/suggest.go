package main

import (
	"fmt"
	"strings"
	"unicode"
)

// suggest names the one of the known names that a mistyped one is nearest to, if
// one is near.
func suggest(name string, known []string) string {
	best := nearest(name, known)
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// nearest returns the known name that differs least from another one: in a third of its
// letters at most, and in three. Case and underscores are no difference. It returns none
// if there is none.
func nearest(name string, known []string) (best string) {
	name = kebab(name)
	least := min(3, max(1, len(name)/3)) + 1
	for _, k := range known {
		if d := editDistance(name, kebab(k)); d < least {
			best, least = k, d
		}
	}
	return best
}

// kebab is a name as flags have theirs: max-rooms for MAX_ROOMS, maxRooms,
// GANNET_MAX_ROOMS and --max-rooms.
func kebab(name string) string {
	var flag strings.Builder
	before := ' '
	for _, r := range strings.TrimLeft(name, "-") {
		switch {
		case r == '_':
			r = '-'
		case unicode.IsUpper(r) && unicode.IsLower(before):
			flag.WriteByte('-')
		}
		flag.WriteRune(unicode.ToLower(r))
		before = r
	}
	return strings.TrimPrefix(flag.String(), "gannet-")
}

// editDistance is the number of letters to change, add or drop.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
