package condition

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// alice has something of every kind.
var alice = &client{
	user: "5",
	claims: ` { "text" : "premium", "empty":"", "number":42, "half":-0.5, "zero":0.00e5, "yes":true, "no":false, "nothing":null,
		"roles":["editor","admin", 7, null,{"a":1},["x"],"\u0063hief"] ,"none":[ ],"address":{"city":"Bremen","geo":{"lat":53.1}},"void":{ },
		"twice":1,"twice":"two","esc\u0061ped":"a\u0062\n\ud83d\ude00","a.b":"dotted","":"nameless","é":"ü","a\\b":"backslash",
		"big":9007199254740993, "digits":"42", "word":"true", "again":{"x":1}, "again":{"y":2}, "ha\ud800lf":"\udc00", "control":"\b\f\n\r\t\/\\\"" } `,
	metadata: map[string]string{
		"lang": `"de"`, "position": ` {"zone":7,"tags":["a"]} `, "on": "true", "off": "false", "seven": " 7 ", "a b": `{"c d":1}`,
	},
}

func TestHolds_Semantics(t *testing.T) {
	tests := map[string]struct{ hold, not []string }{
		"texts": {
			hold: []string{
				`claim:text == premium`, `claim:text == "premium"`, `claim:text != Premium`, `claim:text != premium2`,
				`claim:text < q`, `claim:text > "premiu"`, `claim:text <= premium`, `claim:text >= premium`, `claim:text > "Z"`,
				`claim:empty == ""`, `claim:empty < a`, `claim:"é" > "z"`, `claim:"é" == "\u00fc"`,
			},
			not: []string{
				`claim:text == premiu`, `claim:text == premium2`, `claim:text != premium`, `claim:text < premium`,
				`claim:text > premium`, `claim:text == "Premium"`, `claim:empty == " "`, `claim:empty > ""`, `claim:"é" == u`,
			},
		},
		"escapes": {
			hold: []string{
				`claim:escaped == "ab\n😀"`, `claim:escaped == "\u0061b\u000A\uD83D\ude00"`, `claim:"\u0065scaped"`,
				`claim:escaped > "ab\n"`, `claim:escaped < "ab\n😁"`, `claim:escaped < "b"`, `claim:escaped > "ab\n\uffff"`,
				`claim:"ha\ufffdlf" == "\ufffd"`, `claim:"a\\b" == backslash`,
				`claim:control == "\u0008\u000c\u000a\u000d\u0009\u002f\u005c\u0022"`, `claim:control == "\b\f\n\r\t\/\\\""`,
			},
			not: []string{
				`claim:escaped == ab`, `claim:escaped != "ab\n😀"`, `claim:escaped == "a\\u0062\n😀"`, `claim:"esc\\u0061ped"`,
				`claim:"a\b"`, `claim:"a\\\\b"`,
			},
		},
		"numbers": {
			hold: []string{
				`claim:number == 42`, `claim:number == 42.0`, `claim:number == 4.2e1`, `claim:number == 420E-1`, `claim:number != 43`,
				`claim:number > 41.999`, `claim:number < 1e2`, `claim:number >= 42`, `claim:number <= 42`, `claim:number > -43`,
				`claim:half == -0.5`, `claim:half == -5e-1`, `claim:half < 0`, `claim:half > -0.51`, `claim:half < -0.49`,
				`claim:zero == 0`, `claim:zero == -0`, `claim:zero == 0e99999`, `claim:zero >= 0`,
				`claim:big == 9007199254740993`, `claim:big != 9007199254740992`, `claim:big > 9007199254740992`,
			},
			not: []string{
				`claim:number == 4.2`, `claim:number == 420`, `claim:number == -42`, `claim:number != 42`, `claim:number > 42`,
				`claim:number < 42`, `claim:half == 0.5`, `claim:half > 0`, `claim:zero > 0`, `claim:zero < 0`,
				`claim:big == 9007199254740992`,
			},
		},
		"kinds": {
			hold: []string{
				`claim:yes == true`, `claim:no == false`, `claim:nothing == null`, `claim:yes != "true"`, `claim:word == "true"`,
				`claim:digits == "42"`, `claim:digits != 42`, `claim:number != "42"`, `claim:yes != 1`, `claim:nothing != false`,
				`claim:roles != admin`, `claim:address != null`, `claim:none != ""`,
			},
			not: []string{
				`claim:yes == "true"`, `claim:yes == false`, `claim:word == true`, `claim:digits == 42`, `claim:number == "42"`,
				`claim:yes == 1`, `claim:zero == false`, `claim:nothing == false`, `claim:empty == null`, `claim:nothing == ""`,
				`claim:roles == admin`, `claim:address == "{}"`, `claim:none == null`, `claim:number == true`,
				`claim:digits < 43`, `claim:digits > 41`, `claim:number < "43"`, `claim:number > ""`, `claim:yes > a`,
				`claim:roles < z`, `claim:roles >= a`, `claim:nothing <= 0`, `claim:nothing >= 0`, `claim:address < z`,
			},
		},
		"missing": {
			hold: []string{
				`claim:other != a`, `claim:other != null`, `claim:other != 0`, `claim:other != ""`, `meta:other != a`,
				`claim:address.street != a`, `claim:text.length != 7`, `claim:roles.0 != editor`, `not claim:other == a`,
				`claim:ESCAPED != a`, `claim:"address.city" != Bremen`,
			},
			not: []string{
				`claim:other`, `claim:other == a`, `claim:other == null`, `claim:other == ""`, `claim:other == 0`, `claim:other == false`,
				`claim:other < 1`, `claim:other <= 1`, `claim:other > 1`, `claim:other >= 1`, `claim:other < a`, `claim:other >= ""`,
				`claim:other in (null, "", 0, false)`, `claim:other has null`, `meta:other`, `claim:address.geo.lat.x`, `claim:Text`,
				`claim:tex`, `claim:textt`,
			},
		},
		"presence": {
			hold: []string{
				`claim:text`, `claim:number`, `claim:half`, `claim:yes`, `claim:roles`, `claim:address`, `claim:word`, `claim:address.geo`,
				`user`, `meta:on`, `meta:seven`, `meta:position`,
			},
			not: []string{
				`claim:empty`, `claim:zero`, `claim:no`, `claim:nothing`, `claim:none`, `claim:void`, `meta:off`,
			},
		},
		"paths": {
			hold: []string{
				`claim:address.city == Bremen`, `claim:address.geo.lat == 53.1`, `claim:"address"."city" == Bremen`, `claim:"a.b" == dotted`,
				`claim:"" == nameless`, `meta:lang == de`, `meta:position.zone == 7`, `meta:seven == 7`, `meta:"a b"."c d" == 1`,
				`meta:position.tags has a`,
			},
			not: []string{
				`claim:a.b == dotted`, `claim:city`, `claim:lat`, `claim:address.geo.city`, `meta:position.lang`, `meta:zone`, `meta:text`, `claim:lang`,
			},
		},
		"duplicates": {
			hold: []string{`claim:twice == two`, `claim:again.y == 2`},
			not:  []string{`claim:twice == 1`, `claim:again.x`},
		},
		"lists": {
			hold: []string{
				`claim:text in (basic, premium)`, `claim:text in (premium)`, `claim:number in (1, "42", 42.0)`, `claim:nothing in (null)`,
				`not claim:text in (basic)`, `user in (4, 5)`, `user in (alice, "5")`,
			},
			not: []string{
				`claim:text in (basic, Premium)`, `claim:number in ("42", true)`, `claim:roles in (admin)`, `user in (4, "05", alice)`,
			},
		},
		"has": {
			hold: []string{
				`claim:roles has editor`, `claim:roles has admin`, `claim:roles has 7`, `claim:roles has 7.0`, `claim:roles has null`,
				`claim:roles has chief`,
			},
			not: []string{
				`claim:roles has a`, `claim:roles has x`, `claim:roles has "7"`, `claim:roles has false`, `claim:roles has 1`, `claim:none has a`,
				`claim:none has null`, `claim:text has premium`, `claim:address has city`, `claim:address has Bremen`, `claim:void has a`, `claim:number has 42`,
			},
		},
		"joined": {
			hold: []string{
				`claim:yes and claim:text`, `claim:yes or claim:no`, `claim:no or claim:yes`, `not claim:no`, `!claim:no && !claim:zero`,
				`claim:yes or claim:no and claim:no`, `claim:no and claim:no or claim:yes`, `not claim:no or claim:yes`, `not not claim:yes`,
				`not (claim:no and claim:yes)`, `not claim:no and claim:yes`, `not claim:text == basic`, `!claim:text == basic`,
				`claim:no || claim:zero || claim:yes`, `not not not claim:no`,
			},
			not: []string{
				`claim:yes and claim:no`, `claim:no and claim:yes`, `claim:no or claim:zero`, `not claim:yes`, `(claim:yes or claim:no) and claim:no`,
				`claim:no and (claim:no or claim:yes)`, `not (claim:no or claim:yes)`, `not claim:yes or claim:no`, `not claim:yes and claim:no`,
				`not claim:text == premium`, `claim:yes && claim:text && claim:no`,
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, text := range tt.hold {
				assert.True(t, parse(t, text).Holds(alice), text)
			}
			for _, text := range tt.not {
				assert.False(t, parse(t, text).Holds(alice), text)
			}
		})
	}
}

func TestHolds_Users(t *testing.T) {
	tests := []struct {
		user      string
		hold, not []string
	}{
		{
			"5",
			[]string{`user`, `user == 5`, `user == "5"`, `user == 5.0`, `user == 0.5e1`, `user != 6`, `user < 10`, `user > 4.5`, `user > "10"`},
			[]string{`user == 6`, `user != 5`, `user == "05"`, `user == "5.0"`, `user > 10`, `user < "10"`, `user == a`},
		},
		{"alice", []string{`user`, `user == alice`, `user < bob`, `user != 5`}, []string{`user == bob`, `user < 5`, `user >= 5`, `user in (5)`}},
		{"", []string{`not user`, `user != 5`, `user != alice`}, []string{`user`, `user == ""`, `user < a`, `user >= 0`, `user in ("", 0)`}},
		{"0", []string{`user`, `user == 0`, `user == -0`}, nil},
		{"-5", []string{`user == -5`, `user < 0`}, nil},
		{"0.5", []string{`user == 0.5`, `user == 5e-1`}, nil},
		{"10", []string{`user == 10`, `user == 1e1`}, nil},
		{"9007199254740993", []string{`user == 9007199254740993`}, []string{`user == 9007199254740992`}},
		// Other spellings are other users.
		{"05", []string{`user == "05"`, `user != 5`}, []string{`user == 5`, `user >= 5`}},
		{"-0", []string{`user == "-0"`}, []string{`user == 0`}},
		{"+5", nil, []string{`user == 5`}},
		{"5.0", []string{`user == "5.0"`}, []string{`user == 5`, `user == 5.0`, `user < 6`}},
		{"5.", nil, []string{`user == 5`}},
		{"0.50", nil, []string{`user == 0.5`}},
		{"1e1", nil, []string{`user == 10`}},
		{"1E1", nil, []string{`user == 10`}},
		{" 5", nil, []string{`user == 5`}},
		{"5 ", nil, []string{`user == 5`}},
		{`a\u0062`, []string{`user == "a\\u0062"`}, []string{`user == ab`}},
		{`"`, []string{`user == "\""`}, nil},
		{"true", []string{`user == "true"`}, nil},
	}
	for _, tt := range tests {
		for _, text := range tt.hold {
			assert.True(t, parse(t, text).Holds(&client{user: tt.user}), "%q: %s", tt.user, text)
		}
		for _, text := range tt.not {
			assert.False(t, parse(t, text).Holds(&client{user: tt.user}), "%q: %s", tt.user, text)
		}
	}
}

// What is no JSON is not specified, but the answer comes, and is the same again.
func TestHolds_AnyBytes(t *testing.T) {
	deep := strings.Repeat(`{"a":[`, 200_000)
	documents := []string{
		``, ` `, `{`, `}`, `{}`, `[]`, `null`, `5`, `"`, `"a`, `"\`, `{"`, `{"a`, `{"a"`, `{"a":`, `{"a": `, `{"a":"`, `{"a":"\`, `{"a":"\u`,
		`{"a":"\ud83d\`, `{"a":"\q"}`, `{:1}`, `{"a"}`, `{"a":}`, `{"a"1}`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{a:1}`, `{1:1}`, `{[]:1}`, `{1 :1}`, `{"" :1}`, `[a" , [ "\"x"]`, `{"a":[`,
		`{"a":[,]}`, `{"a":[1`, `{"a":[1,`, `{"a":[1 2]}`, `{"a":[}`, `{"a":{]`, `{"a":-}`, `{"a":1e}`, `{"a":1.}`, `{"a":tru}`, `{"a":x}`, `{,}`, `{"a":1}}`,
		"{\"a\":\"\xff\"}", "{\"\xff\":1}", "{\"a\":\"\\\xff\"}", "\x00", "{\x00\"a\"\x00:\x001\x00}", `{"a":"` + strings.Repeat(`\`, 1001),
		deep, `{"b":` + deep, `{"a":` + strings.Repeat("]", 1000), strings.Repeat(`"a":`, 1000), alice.claims,
	}
	conditions := []string{
		`claim:a`, `claim:a == a`, `claim:a == 1`, `claim:a < "\ud83d\ude00"`, `claim:a has a`, `claim:a has 1`, `claim:a.a == true`, `claim:a.a.a.a`, `claim:""`,
		`meta:a`, `meta:a == a`, `meta:a >= 1`, `meta:a has 1`, `meta:a.a`, `meta:a in (null, true, 1)`, `user == 1`, `user > a`,
	}
	for _, text := range conditions {
		c := parse(t, text)
		for _, document := range documents {
			facts := &client{user: document, claims: document, metadata: map[string]string{"a": document}}
			assert.NotPanics(t, func() { require.Equal(t, c.Holds(facts), c.Holds(facts)) }, "%s of %.50s", text, document)
		}
	}
}

// Nothing is found in what is cut short, not even what stands before the cut.
func TestHolds_CutShort(t *testing.T) {
	whole := `{"a":"yes","b":[1,"x"],"c":{"d":true}}`
	for _, text := range []string{`claim:a == yes`, `claim:b has x`, `claim:b`, `claim:c.d`, `claim:a != no and claim:a`} {
		c := parse(t, text)
		require.True(t, c.Holds(&client{claims: whole}))
		for size := range whole {
			assert.False(t, c.Holds(&client{claims: whole[:size]}), "%s with %s", text, whole[:size])
		}
	}
}

// What begins like a number and is none has no value.
func TestHolds_BadNumbers(t *testing.T) {
	for _, number := range []string{"-", "05", "1.", "1e", "1e+", "1x", "--1"} {
		facts := &client{claims: `{"a":` + number + `}`}
		for _, text := range []string{`claim:a`, `claim:a == 0`, `claim:a <= 0`, `claim:a >= 0`} {
			assert.False(t, parse(t, text).Holds(facts), "%s of %s", text, number)
		}
	}
}

func TestHolds_ManyGoroutines(t *testing.T) {
	c := parse(t, `user == 5 and claim:roles has admin and meta:position.zone in (6, 7)`)
	var all sync.WaitGroup
	for user := range 8 {
		all.Go(func() {
			facts := &client{user: fmt.Sprint(user), claims: alice.claims, metadata: alice.metadata}
			for range 500 {
				assert.Equal(t, user == 5, c.Holds(facts))
			}
		})
	}
	all.Wait()
}
