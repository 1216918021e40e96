package bench

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A report leaves flags out of its command that say where the results go, and the
// values of those that may hold secrets.
var (
	unsaid = []string{"--json", "--report", "--progress"}
	secret = []string{"--api-key", "--token", "--token-secret", "--publish-header", "--publish-body", "--hello", "--redis-url"}
)

// commandLine is the command of this process, for who wants to measure the same
// again.
func commandLine() string { return describeCommand(os.Args) }

// describeCommand writes a command as a shell reads it, its program without the
// folder, flags without those that are unsaid, and SECRET for what may be secret.
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
			words = append(words, shellQuote(withoutSecrets(arguments[i])))
		}
	}
	return strings.Join(words, " ")
}

// What may be secret within a word: the user of a URL, its query, and the value of
// a server's flag that is called so.
var (
	userInfo   = regexp.MustCompile(`://[^/@\s]*@`)
	query      = regexp.MustCompile(`(://|^/|=/)(\S*?)\?\S*`)
	secretFlag = regexp.MustCompile(`(--\S*(?:secret|password|key|token))([= ])\S+`)
)

func withoutSecrets(word string) string {
	word = userInfo.ReplaceAllString(word, "://")
	word = query.ReplaceAllString(word, "$1$2")
	return secretFlag.ReplaceAllString(word, "${1}${2}SECRET")
}

func withoutSecretsIn(words []string) []string {
	var shown []string
	for _, word := range words {
		shown = append(shown, withoutSecrets(word))
	}
	return shown
}

// shellQuote puts a word in quotes if a shell would take it apart.
func shellQuote(word string) string {
	if word != "" && !strings.ContainsAny(word, " \t\n'\"\\$`&|;<>()*?[]#~!{}") {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
