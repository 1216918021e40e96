package siege_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// table is what the README shows of a siege.
type table []row

// row is how an attack went.
type row struct {
	name, fate          string
	calm, stormy        time.Duration // p99 of the witnesses, before and during the attack
	before, peak, after int64         // resident bytes
}

// print logs the table, and writes it to the file that GANNET_SIEGE_TABLE names.
func (rows table) print(t *testing.T) {
	var text strings.Builder
	fmt.Fprintln(&text, "| attack | the attacker | p99 before | during | memory before | at most | after |")
	fmt.Fprintln(&text, "| --- | --- | ---: | ---: | ---: | ---: | ---: |")
	for _, r := range rows {
		fmt.Fprintf(&text, "| %s | %s | %s | %s | %s | %s | %s |\n", r.name, r.fate,
			milliseconds(r.calm), milliseconds(r.stormy), megabytes(r.before), megabytes(r.peak), megabytes(r.after))
	}
	t.Log("\n" + text.String())
	if file := os.Getenv("GANNET_SIEGE_TABLE"); file != "" {
		if err := os.WriteFile(file, []byte(text.String()), 0o644); err != nil {
			t.Error(err)
		}
	}
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.1f ms", d.Seconds()*1000) }

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
