package bench

import (
	"fmt"
	"math/rand/v2"
)

// proseWords are what the text of messages is made of that are to be compressed.
var proseWords = []string{
	"about", "after", "again", "answer", "before", "better", "bring", "build", "change", "check", "could", "deploy",
	"every", "first", "found", "great", "hello", "known", "later", "message", "morning", "never", "number", "order",
	"other", "please", "ready", "review", "room", "small", "still", "thanks", "their", "there", "think", "today",
	"tomorrow", "under", "update", "version", "water", "where", "which", "without", "would", "write", "yesterday", "yours",
}

// writeProse fills text with records such as JSON has, of which names repeat and
// values do not: what compression makes of it is what it makes of JSON. It has single
// quotes, so that it can stand in a string. The same number gives the same text.
func writeProse(text []byte, number uint64) {
	random := rand.New(rand.NewPCG(number, 0))
	word := func() string { return proseWords[random.IntN(len(proseWords))] }
	record := make([]byte, 0, 256)
	for len(text) > 0 {
		record = fmt.Appendf(record[:0], "{'id':'%016x','user':'%s%d','at':%d,'text':'%s %s %s %s %s'},",
			random.Uint64(), word(), random.IntN(1000), 1_700_000_000_000+random.Int64N(1e11), word(), word(), word(), word(), word())
		text = text[copy(text, record):]
	}
}
