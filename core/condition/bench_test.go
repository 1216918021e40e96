package condition

import (
	"encoding/json"
	"testing"
)

// shared hands out the same bytes each time, as the records of clients do.
type shared struct {
	user     string
	claims   []byte
	metadata []byte
}

func (c *shared) UserID() string { return c.user }

func (c *shared) Claims() json.RawMessage { return c.claims }

func (c *shared) Metadata(string) json.RawMessage { return c.metadata }

// member200 has claims of 200 bytes.
var member200 = &shared{
	user: "5",
	claims: []byte(`{"sub":"5","exp":1893456000,"iat":1735689600,"name":"Alice Example","email":"alice@example.com",` +
		`"roles":["editor","admin"],"address":{"city":"Hamburg","zip":"28195"},"age":42,"subscription":"premium"}`),
	metadata: []byte(`{"zone":7,"tags":["a","b"]}`),
}

func BenchmarkHolds_200(b *testing.B) {
	conditions := map[string]string{
		"user":   `user == 5`,
		"text":   `claim:subscription == premium`,
		"number": `claim:age >= 18`,
		"path":   `claim:address.city == Hamburg`,
		"has":    `claim:roles has admin`,
		"in":     `claim:subscription in (basic, standard, premium)`,
		"meta":   `meta:position.zone == 7`,
		"three":  `claim:subscription == premium and claim:age >= 18 and not claim:banned`,
	}
	for name, text := range conditions {
		b.Run(name, func(b *testing.B) {
			c := parse(b, text)
			b.ReportAllocs()
			for b.Loop() {
				if !c.Holds(member200) {
					b.Fatal("does not hold")
				}
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(`claim:subscription == premium and user != 5`); err != nil {
			b.Fatal(err)
		}
	}
}
