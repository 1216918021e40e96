package main

import (
	"fmt"
	"strings"
)

// fishScript completes in fish: commands and flags with what they mean, and the values
// of flags where they are known.
func fishScript(all []place) string {
	var paths []string
	var rules strings.Builder
	for _, p := range all {
		if p.path != "" {
			paths = append(paths, p.path)
		}
		writeFishRules(&rules, p)
	}
	return strings.NewReplacer("PATHS", strings.Join(paths, " ")).Replace(`# Completion of gannet for fish: gannet completion fish | source
function __gannet_at
	set -l at
	for word in (commandline -opc)[2..-1]
		set -l next (string join / $at $word)
		if contains -- $next PATHS
			set at $next
		end
	end
	test "$at" = "$argv[1]"
end
complete -c gannet -f
`) + rules.String()
}

func writeFishRules(rules *strings.Builder, p place) {
	rule := fmt.Sprintf("complete -c gannet -n \"__gannet_at '%s'\"", p.path)
	for _, command := range p.commands {
		fmt.Fprintf(rules, "%s -a %s -d %s\n", rule, command.Name, fishText(firstSentence(command.Help)))
	}
	if len(p.words) > 0 {
		fmt.Fprintf(rules, "%s -a %s\n", rule, fishText(strings.Join(p.words, " ")))
	}
	for _, flag := range p.flags {
		fmt.Fprintf(rules, "%s -l %s", rule, flag.Name)
		switch words := valueWords(flag); {
		case words != nil:
			fmt.Fprintf(rules, " -x -a %s", fishText(strings.Join(words, " ")))
		case takesFile(flag):
			rules.WriteString(" -r -F")
		case !flag.IsBool():
			rules.WriteString(" -x")
		}
		fmt.Fprintf(rules, " -d %s\n", fishText(firstSentence(flag.Help)))
	}
}

// fishText is a text in single quotes.
func fishText(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}
