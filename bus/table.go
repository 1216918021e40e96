package bus

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// WriteTable writes a line for each subscriber, in the order of their priority:
// its name, its priority, what triggers it, and its description.
func (d *Dispatcher) WriteTable(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tPRIORITY\tTRIGGER\tDESCRIPTION")
	for _, w := range d.routes.Load().order {
		s := &w.subscriber
		fmt.Fprintf(table, "%s\t%d\t%s\t%s\n", oneLine(s.Name), s.Priority, oneLine(w.matcher.String()), oneLine(s.Description))
	}
	return table.Flush()
}

// oneLine keeps a text within its cell.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
