package bus_test

import (
	"encoding/json"
	"math"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gannet-ws/gannet/bus"
)

func isVIP(e *bus.Event) bool {
	segment, _ := e.Value("segment")
	return segment == "vip"
}

func above(limit float64) func(any) bool {
	return func(value any) bool {
		number, ok := value.(float64)
		return ok && number > limit
	}
}

func TestMatcher(t *testing.T) {
	analytics := bus.MatchRegexp(regexp.MustCompile("^analytics:"))
	cases := map[string]struct {
		matcher  bus.Matcher
		text     string
		channels []string
		all      bool
		yes, no  []*bus.Event
	}{
		"string": {
			bus.MatchString("orders"), "orders",
			[]string{"orders"},
			false,
			[]*bus.Event{event("orders")},
			[]*bus.Event{event("orders2"), event("order"), event("Orders"), event("")},
		},
		"all": {
			bus.MatchString("*"), "*",
			nil, true,
			[]*bus.Event{event("orders"), event("*"), event("")},
			nil,
		},
		"regexp": {
			analytics, "/^analytics:/",
			nil, true,
			[]*bus.Event{event("analytics:clicks"), event("analytics:")},
			[]*bus.Event{event("my-analytics:clicks"), event("custom", `{"channel":"analytics:clicks"}`)},
		},
		"function": {
			bus.MatchFunc(isVIP), "a function",
			nil, true,
			[]*bus.Event{event("orders", `{"segment":"vip"}`), event("custom", `{"segment":"vip"}`)},
			[]*bus.Event{event("orders", `{"segment":"other"}`), event("vip")},
		},
		"property": {
			bus.MatchProperty("user.plan", "pro"), `user.plan = "pro"`,
			nil, true,
			[]*bus.Event{event("orders", `{"user":{"plan":"pro"}}`)},
			[]*bus.Event{event("orders", `{"user":{"plan":"free"}}`), event("orders", `{"plan":"pro"}`), event("orders")},
		},
		"function of a property": {
			bus.MatchPropertyFunc("priority", above(5)), "a function of priority",
			nil, true,
			[]*bus.Event{event("orders", `{"priority":6}`)},
			[]*bus.Event{event("orders", `{"priority":5}`), event("orders", `{"priority":"6"}`), event("orders")},
		},
		"any of": {
			bus.AnyOf(bus.MatchString("orders"), bus.MatchString("bills")), "(orders or bills)",
			[]string{"orders", "bills"},
			false,
			[]*bus.Event{event("orders"), event("bills")},
			[]*bus.Event{event("custom")},
		},
		"any of, one of which cannot say": {
			bus.AnyOf(bus.MatchString("orders"), analytics), "(orders or /^analytics:/)",
			[]string{"orders"},
			true,
			[]*bus.Event{event("orders"), event("analytics:clicks")},
			[]*bus.Event{event("custom")},
		},
		"any of, the first of which cannot say": {
			bus.AnyOf(analytics, bus.MatchString("orders")), "(/^analytics:/ or orders)",
			[]string{"orders"},
			true,
			[]*bus.Event{event("orders"), event("analytics:clicks")},
			[]*bus.Event{event("custom")},
		},
		"all of": {
			bus.AllOf(bus.MatchFunc(isVIP), bus.MatchString("orders")), "(a function and orders)",
			[]string{"orders"},
			false,
			[]*bus.Event{event("orders", `{"segment":"vip"}`)},
			[]*bus.Event{event("orders"), event("bills", `{"segment":"vip"}`)},
		},
		"all of, none of which can say": {
			bus.AllOf(bus.MatchFunc(isVIP), analytics), "(a function and /^analytics:/)",
			nil, true,
			[]*bus.Event{event("analytics:clicks", `{"segment":"vip"}`)},
			[]*bus.Event{event("analytics:clicks"), event("orders", `{"segment":"vip"}`)},
		},
		"all of, in some channels": {
			bus.AllOf(bus.AnyOf(bus.MatchString("a"), bus.MatchString("b")), bus.AnyOf(bus.MatchString("b"), bus.MatchString("c"))),
			"((a or b) and (b or c))",
			[]string{"b"},
			false,
			[]*bus.Event{event("b")},
			[]*bus.Event{event("a"), event("c")},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			names, all := c.matcher.Channels()
			assert.ElementsMatch(t, c.channels, names)
			assert.Equal(t, c.all, all)
			assert.Equal(t, c.text, c.matcher.String())
			for _, e := range c.yes {
				assert.True(t, c.matcher.Matches(e), "%s %s", e.Channel, e.Text())
			}
			for _, e := range c.no {
				assert.False(t, c.matcher.Matches(e), "%s %s", e.Channel, e.Text())
			}
		})
	}
}

func TestMatchProperty_ComparesAsJSON(t *testing.T) {
	type point struct {
		X int `json:"x"`
		Y int `json:"y"`
	}
	cases := map[string]struct {
		value any
		json  string
		equal bool
	}{
		"integer":               {5, `5`, true},
		"integer, as 5.0":       {5, `5.0`, true},
		"integer, as 50e-1":     {uint8(5), `50e-1`, true},
		"float":                 {5.0, `5`, true},
		"another number":        {5, `6`, false},
		"number and text":       {5, `"5"`, false},
		"text and number":       {"5", `5`, false},
		"text":                  {"é", `"\u00e9"`, true},
		"empty text":            {"", `""`, true},
		"empty text and null":   {"", `null`, false},
		"zero and false":        {0, `false`, false},
		"zeros":                 {0, `-0`, true},
		"true":                  {true, `true`, true},
		"true and one":          {true, `1`, false},
		"null":                  {nil, `null`, true},
		"null and false":        {nil, `false`, false},
		"array":                 {[]int{1, 2}, `[1,2.0]`, true},
		"array, another order":  {[]int{1, 2}, `[2,1]`, false},
		"array, shorter":        {[]int{1}, `[1,2]`, false},
		"object of a struct":    {point{1, 2}, `{"y":2,"x":1}`, true},
		"object, one more":      {point{1, 2}, `{"y":2,"x":1,"z":3}`, false},
		"object of a map":       {map[string]any{"a": []string{"b"}}, `{"a":["b"]}`, true},
		"object, another value": {map[string]any{"a": []string{"b"}}, `{"a":["c"]}`, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			e := event("custom", `{"data":{"value":`+c.json+`}}`)
			assert.Equal(t, c.equal, bus.MatchProperty("data.value", c.value).Matches(e))
		})
	}
	assert.False(t, bus.MatchProperty("value", nil).Matches(event("custom")), "what is missing is not null")
}

func TestMatcher_KeepsItsParts(t *testing.T) {
	parts := []bus.Matcher{bus.MatchString("a"), bus.MatchString("b")}
	either, both := bus.AnyOf(parts...), bus.AllOf(bus.MatchString("*"), bus.MatchString("a"))
	parts[0] = bus.MatchString("c")
	names, _ := either.Channels()
	names[0] = "c"
	assert.True(t, either.Matches(event("a")))
	assert.False(t, either.Matches(event("c")))
	again, _ := either.Channels()
	assert.Equal(t, []string{"a", "b"}, again)
	assert.True(t, both.Matches(event("a")))
}

func TestMatcher_Mistakes(t *testing.T) {
	cases := map[string]struct {
		matcher bus.Matcher
		want    string
	}{
		"zero":                      {bus.Matcher{}, "a matcher is empty"},
		"empty channel":             {bus.MatchString(""), "a channel's name is empty"},
		"no expression":             {bus.MatchRegexp(nil), "MatchRegexp needs an expression"},
		"no function":               {bus.MatchFunc(nil), "MatchFunc needs a function"},
		"no function of a property": {bus.MatchPropertyFunc("a", nil), "MatchPropertyFunc of a needs a function"},
		"a value JSON has not":      {bus.MatchProperty("a", math.NaN()), "MatchProperty of a: JSON has no form for the value"},
		"a number too large": {
			bus.MatchProperty("a", json.RawMessage("1e400")), "MatchProperty of a: ",
		},
		"any of nothing": {bus.AnyOf(), "AnyOf needs matchers"},
		"all of nothing": {bus.AllOf(), "AllOf needs matchers"},
		"within AnyOf":   {bus.AnyOf(bus.MatchString("a"), bus.Matcher{}), "a matcher is empty"},
		"within AllOf":   {bus.AllOf(bus.MatchString("a"), bus.AnyOf(bus.MatchFunc(nil))), "MatchFunc needs a function"},
		"never": {
			bus.AllOf(bus.MatchString("a"), bus.MatchString("b")), "no channel can match (a and b)",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			assert.False(t, c.matcher.Matches(event("a")))
			err := bus.NewDispatcher(quiet).Add(bus.Subscriber{
				Name: "mine", Match: []bus.Matcher{c.matcher}, Handle: nothing,
			})
			assert.ErrorContains(t, err, `subscriber "mine": `+c.want)
		})
	}
}
