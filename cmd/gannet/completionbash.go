package main

import (
	"fmt"
	"strings"
)

// bashScript completes in bash: commands, flags, and the values of flags where they are
// known.
func bashScript(all []place) string {
	return "# Completion of gannet for bash: source <(gannet completion bash)\n" + bashFunction(all)
}

// zshScript completes in zsh, which can take a function of bash.
func zshScript(all []place) string {
	return "# Completion of gannet for zsh: source <(gannet completion zsh)\n" +
		"(( $+functions[compdef] )) || { autoload -U +X compinit && compinit; }\n" +
		"autoload -U +X bashcompinit && bashcompinit\n" + bashFunction(all)
}

// bashFunction finds the place of the word that is to be completed, and what may stand
// there. A "=" is a word of its own in bash, and part of one in zsh.
func bashFunction(all []place) string {
	var commands, values, words strings.Builder
	for _, p := range all {
		if p.path != "" {
			fmt.Fprintf(&commands, "%s|", leaf(p.path))
		}
		names, flags := p.candidates()
		fmt.Fprintf(&words, "\t'%s') words='%s' flags='%s' ;;\n", p.path, strings.Join(names, " "), strings.Join(flags, " "))
		writeBashValues(&values, p)
	}
	return strings.NewReplacer(
		"COMMANDS", strings.TrimSuffix(commands.String(), "|"),
		"VALUES\n", values.String(),
		"WORDS\n", words.String(),
	).Replace(`_gannet() {
	local at='' words='' flags='' prefix='' i
	local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}"
	for ((i = 1; i < COMP_CWORD; i++)); do
		case "$at/${COMP_WORDS[i]}" in
		COMMANDS) at="${at:+$at/}${COMP_WORDS[i]}" ;;
		esac
	done
	case "$current" in
	--*=*) previous="${current%%=*}" prefix="${current%%=*}=" current="${current#*=}" ;;
	=) current='' ;;
	*) [[ "$previous" == '=' ]] && previous="${COMP_WORDS[COMP_CWORD-2]}" ;;
	esac
	case "$at $previous" in
VALUES
	*)
		case "$at" in
WORDS
		esac
		[[ "$current" == -* || -z "$words" ]] && words="$flags"
		;;
	esac
	COMPREPLY=($(compgen -P "$prefix" -W "$words" -- "$current"))
}
complete -F _gannet gannet
`)
}

// leaf is the pattern of a place's path, where the one above it is known.
func leaf(path string) string {
	if strings.Contains(path, "/") {
		return path
	}
	return "/" + path
}

// candidates are the words that may stand at a place: commands or arguments, and flags.
func (p place) candidates() (names, flags []string) {
	for _, command := range p.commands {
		names = append(names, command.Name)
	}
	for _, flag := range p.flags {
		flags = append(flags, "--"+flag.Name)
	}
	return append(names, p.words...), flags
}

// writeBashValues writes what follows the flags of a place that take a value: known
// words, a file, or what nobody can tell.
func writeBashValues(script *strings.Builder, p place) {
	var files, others []string
	for _, flag := range p.flags {
		pattern := fmt.Sprintf("'%s --%s'", p.path, flag.Name)
		switch words := valueWords(flag); {
		case words != nil:
			fmt.Fprintf(script, "\t%s) words='%s' ;;\n", pattern, strings.Join(words, " "))
		case takesFile(flag):
			files = append(files, pattern)
		case !flag.IsBool():
			others = append(others, pattern)
		}
	}
	if len(files) > 0 {
		fmt.Fprintf(script, "\t%s) COMPREPLY=($(compgen -P \"$prefix\" -f -- \"$current\")); return ;;\n", strings.Join(files, "|"))
	}
	if len(others) > 0 {
		fmt.Fprintf(script, "\t%s) COMPREPLY=(); return ;;\n", strings.Join(others, "|"))
	}
}
