package main

import (
	"errors"
	"strings"
)

// What this program writes stands between these lines, and nothing else does.
const (
	beginMark = "<!-- figures: made by make bench-full -->"
	endMark   = "<!-- end of figures -->"
)

var errMarks = errors.New("the marks of the figures have to stand there once, each on a line of its own")

// replaceBlock puts other text between the marks.
func replaceBlock(readme, text string) (string, error) {
	before, rest, ok := strings.Cut(readme, beginMark+"\n")
	_, after, ends := strings.Cut(rest, "\n"+endMark+"\n")
	if !ok || !ends || strings.Count(readme, beginMark) != 1 || strings.Count(readme, endMark) != 1 {
		return "", errMarks
	}
	return before + beginMark + "\n" + strings.Trim(text, "\n") + "\n" + endMark + "\n" + after, nil
}
