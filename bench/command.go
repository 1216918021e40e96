package bench

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A report leaves flags out of its command that say where the results go, and the
// values of those that are secret.
var (
	unsaid = []string{"--json", "--report", "--progress"}
	secret = []string{"--api-key", "--token-secret", "--publish-header"}
)

// commandLine is the command of this process, for who wants to measure the same
// again.
func commandLine() string { return describeCommand(os.Args) }

// describeCommand writes a command as a shell reads it, its program without the
// folder, flags without those that are unsaid, SECRET for what is secret, and URLs
// without the query, which may have a token.
func describeCommand(arguments []string) string {
	words := []string{filepath.Base(arguments[0])}
	for i := 1; i < len(arguments); i++ {
		name, _, whole := strings.Cut(arguments[i], "=")
		if slices.Contains(unsaid, name) {
			if !whole && name != "--progress" {
				i++ // its value
			}
			continue
		}
		switch {
		case slices.Contains(secret, name) && whole:
			words = append(words, name+"=SECRET")
		case slices.Contains(secret, name):
			words = append(words, name, "SECRET")
			i++ // its value
		default:
			words = append(words, shellQuote(withoutQuery(arguments[i])))
		}
	}
	return strings.Join(words, " ")
}

func withoutQuery(word string) string {
	plain, _, _ := strings.Cut(word, "?")
	if strings.Contains(plain, "://") {
		return plain
	}
	return word
}

// shellQuote puts a word in quotes if a shell would take it apart.
func shellQuote(word string) string {
	if word != "" && !strings.ContainsAny(word, " \t\n'\"\\$`&|;<>()*?[]#~!{}") {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
