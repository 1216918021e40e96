package admin

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// object is an object of openapi.yaml.
type object = map[string]any

// description is openapi.yaml.
type description struct{ root object }

func readDescription(t testing.TB) *description {
	t.Helper()
	var d description
	require.NoError(t, json.Unmarshal(openapiAsJSON(), &d.root))
	return &d
}

// resolve returns what stands there, or what a reference there leads to.
func (d *description) resolve(node any) object {
	found, _ := node.(object)
	for reference, ok := found["$ref"].(string); ok; reference, ok = found["$ref"].(string) {
		at := d.root
		for step := range strings.SplitSeq(strings.TrimPrefix(reference, "#/"), "/") {
			at, _ = at[step].(object)
		}
		found = at
	}
	return found
}

// checks are the keywords of schemas, but type and references, each with what it
// finds wrong with a value.
var checks map[string]func(d *description, c check) []string

// check is a value, the schema that it should satisfy, and what one of the schema's
// keywords has.
type check struct {
	schema  object
	keyword any
	value   any
	at      string // the value's place, for people
}

func (c check) wrong(format string, args ...any) []string {
	return []string{c.at + ": " + fmt.Sprintf(format, args...)}
}

func init() {
	nothing := func(*description, check) []string { return nil }
	checks = map[string]func(*description, check) []string{
		"description":          nothing,
		"default":              nothing,
		"type":                 checkType,
		"const":                checkConst,
		"pattern":              checkPattern,
		"format":               checkFormat,
		"minLength":            checkLength,
		"maxLength":            checkLength,
		"minimum":              checkSize,
		"maximum":              checkSize,
		"minItems":             checkMinItems,
		"items":                checkItems,
		"required":             checkRequired,
		"properties":           nothing, // see additionalProperties, which is always looked at
		"additionalProperties": nothing,
		"allOf":                checkAllOf,
	}
}

// mismatches returns why a value is not what a schema says. A property that the schema
// of an object does not name is a mismatch unless it says something of such.
func (d *description) mismatches(schema, value any, at string) (wrong []string) {
	resolved := d.resolve(schema)
	for _, keyword := range slices.Sorted(maps.Keys(resolved)) {
		c := check{resolved, resolved[keyword], value, at}
		if checks[keyword] == nil {
			wrong = append(wrong, c.wrong("nobody checks %s", keyword)...)
			continue
		}
		wrong = append(wrong, checks[keyword](d, c)...)
	}
	if fields, ok := value.(object); ok && resolved["type"] != nil {
		wrong = append(wrong, d.checkProperties(resolved, fields, at)...)
	}
	return wrong
}

func checkType(_ *description, c check) []string {
	allowed, several := c.keyword.([]any)
	if !several {
		allowed = []any{c.keyword}
	}
	is := typeOf(c.value)
	if slices.Contains(allowed, any(is)) || is == "integer" && slices.Contains(allowed, any("number")) {
		return nil
	}
	return c.wrong("is a %s and should be %v", is, allowed)
}

func typeOf(value any) string {
	switch value := value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case []any:
		return "array"
	case float64:
		if value == math.Trunc(value) {
			return "integer"
		}
		return "number"
	}
	return "object"
}

func checkConst(_ *description, c check) []string {
	if c.value != c.keyword {
		return c.wrong("is %v and should be %v", c.value, c.keyword)
	}
	return nil
}

func checkPattern(_ *description, c check) []string {
	if text, ok := c.value.(string); ok && !regexp.MustCompile(c.keyword.(string)).MatchString(text) {
		return c.wrong("%q does not match %s", text, c.keyword)
	}
	return nil
}

func checkFormat(_ *description, c check) []string {
	text, _ := c.value.(string)
	if _, err := time.Parse(time.RFC3339Nano, text); c.keyword != "date-time" || err != nil {
		return c.wrong("%q is no %v", text, c.keyword)
	}
	return nil
}

func checkLength(_ *description, c check) []string {
	text, _ := c.value.(string)
	least, _ := c.schema["minLength"].(float64)
	if most, limited := c.schema["maxLength"].(float64); len(text) < int(least) || limited && len(text) > int(most) {
		return c.wrong("has %d characters", len(text))
	}
	return nil
}

func checkSize(_ *description, c check) []string {
	number, _ := c.value.(float64)
	least, hasLeast := c.schema["minimum"].(float64)
	if most, hasMost := c.schema["maximum"].(float64); hasLeast && number < least || hasMost && number > most {
		return c.wrong("is %v", number)
	}
	return nil
}

func checkMinItems(_ *description, c check) []string {
	if items, ok := c.value.([]any); ok && float64(len(items)) < c.keyword.(float64) {
		return c.wrong("has %d items", len(items))
	}
	return nil
}

func checkItems(d *description, c check) (wrong []string) {
	items, _ := c.value.([]any)
	for i, item := range items {
		wrong = append(wrong, d.mismatches(c.keyword, item, fmt.Sprintf("%s[%d]", c.at, i))...)
	}
	return wrong
}

func checkRequired(_ *description, c check) (wrong []string) {
	fields, ok := c.value.(object)
	for _, name := range c.keyword.([]any) {
		if _, has := fields[name.(string)]; ok && !has {
			wrong = append(wrong, c.wrong("lacks %s", name)...)
		}
	}
	return wrong
}

func checkAllOf(d *description, c check) (wrong []string) {
	for _, schema := range c.keyword.([]any) {
		wrong = append(wrong, d.mismatches(schema, c.value, c.at)...)
	}
	return wrong
}

func (d *description) checkProperties(schema, fields object, at string) (wrong []string) {
	declared, _ := schema["properties"].(object)
	for name, value := range fields {
		more := schema["additionalProperties"]
		switch property, known := declared[name]; {
		case known:
			wrong = append(wrong, d.mismatches(property, value, at+"."+name)...)
		case more == true:
		case more == nil || more == false:
			wrong = append(wrong, at+": "+name+" is not declared")
		default:
			wrong = append(wrong, d.mismatches(more, value, at+"."+name)...)
		}
	}
	return wrong
}

// The checker itself has to find what is wrong.
func TestSchema_FindsMismatches(t *testing.T) {
	d := &description{object{"schemas": object{"id": object{"type": "string", "pattern": "^x$"}}}}
	for schema, values := range map[string]map[string]bool{
		`{"type":"string"}`:                                       {`"a"`: true, `5`: false, `null`: false},
		`{"type":["string","null"]}`:                              {`"a"`: true, `null`: true, `{}`: false},
		`{"type":"integer"}`:                                      {`5`: true, `5.5`: false, `"5"`: false},
		`{"type":"number"}`:                                       {`5`: true, `5.5`: true, `[]`: false},
		`{"$ref":"#/schemas/id"}`:                                 {`"x"`: true, `"y"`: false},
		`{"const":"ok"}`:                                          {`"ok"`: true, `"no"`: false},
		`{"type":"string","format":"date-time"}`:                  {`"2026-11-23T08:00:00.5Z"`: true, `"today"`: false},
		`{"minLength":1,"maxLength":2}`:                           {`"ab"`: true, `""`: false, `"abc"`: false},
		`{"minimum":1,"maximum":2}`:                               {`1`: true, `0`: false, `3`: false},
		`{"type":"array","minItems":1,"items":{"type":"string"}}`: {`["a"]`: true, `[]`: false, `["a",5]`: false},
		`{"type":"object","required":["a"],"properties":{"a":{"type":"null"}}}`: {`{"a":null}`: true, `{}`: false, `{"a":5}`: false, `{"a":null,"b":5}`: false},
		`{"type":"object","additionalProperties":true}`:                         {`{"a":5}`: true},
		`{"type":"object","additionalProperties":false}`:                        {`{}`: true, `{"a":5}`: false},
		`{"type":"object","additionalProperties":{"type":"integer"}}`:           {`{"a":5}`: true, `{"a":"5"}`: false},
		`{"allOf":[{"type":"string"},{"const":"a"}]}`:                           {`"a"`: true, `"b"`: false},
		`{"description":"Anything."}`:                                           {`{"a":5}`: true, `null`: true},
		`{"oneOf":[{"type":"string"}]}`:                                         {`"a"`: false},
	} {
		for value, good := range values {
			var s, v any
			require.NoError(t, json.Unmarshal([]byte(schema), &s))
			require.NoError(t, json.Unmarshal([]byte(value), &v))
			assert.Equal(t, good, len(d.mismatches(s, v, "it")) == 0, "%s %s", schema, value)
		}
	}
}
