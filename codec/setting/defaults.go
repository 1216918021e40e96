// Package setting is what the options of all packages have in common: how sizes
// are written, and how defaults get from tags into fields. Any goroutine may call
// it.
package setting

import (
	"encoding"
	"reflect"
	"strconv"
	"time"
)

// FillDefaults gives the zero fields of the struct that options points to the
// values of their default tags, so that flags and library have one truth. It
// panics on a tag that its field cannot hold.
func FillDefaults(options any) {
	v := reflect.ValueOf(options).Elem()
	for i := range v.NumField() {
		if text := v.Type().Field(i).Tag.Get("default"); text != "" && v.Field(i).IsZero() {
			setDefault(v.Field(i), text)
		}
	}
}

// setDefault sets a field from its tag. A tag that cannot be read is a mistake
// in the program, found by the first test that makes a server.
func setDefault(field reflect.Value, text string) {
	var err error
	switch target := field.Addr().Interface().(type) {
	case encoding.TextUnmarshaler:
		err = target.UnmarshalText([]byte(text))
	case *time.Duration:
		*target, err = time.ParseDuration(text)
	case *int:
		*target, err = strconv.Atoi(text)
	default:
		field.SetString(text)
	}
	if err != nil {
		panic("setting: default of an option: " + err.Error())
	}
}
