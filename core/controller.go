package core

import (
	"reflect"
	"unicode"
	"unicode/utf8"
)

// Controller makes each exported method of value that is a Handler, func(*Context)
// (any, error), a route of the type: method Send answers action send. The options
// are for all of them. It must be called before Run, which returns an error when
// value has an exported method of another form, which would be a route that nobody
// can reach, or none at all.
func (s *Server) Controller(typ string, value any, options ...RouteOption) {
	if s.late("controller " + typ) {
		return
	}
	v := reflect.ValueOf(value)
	if value == nil || v.Type().NumMethod() == 0 {
		s.mistake("controller %s: %T has no exported methods; does it need a pointer?", typ, value)
		return
	}
	for i := range v.NumMethod() {
		name := v.Type().Method(i).Name
		handler, ok := v.Method(i).Interface().(func(*Context) (any, error))
		if !ok {
			s.mistake("controller %s: method %s is %s, not func(*core.Context) (any, error)", typ, name, v.Method(i).Type())
			continue
		}
		s.Handle(typ, actionOf(name), handler, options...)
	}
}

// actionOf is a method's name with a small first letter.
func actionOf(method string) string {
	first, size := utf8.DecodeRuneInString(method)
	return string(unicode.ToLower(first)) + method[size:]
}
