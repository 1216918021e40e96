package client

import (
	"fmt"
	"reflect"
	"unicode"
	"unicode/utf8"
)

// Handler is called with a message from the server. It may block, and hold up
// the handlers behind it. A panic is logged and counted, and concerns nothing
// else.
type Handler func(Envelope)

// route is a message's address; the action "*" is any that has no handler of its
// own.
type route struct{ typ, action string }

const anyAction = "*"

// Handle has messages with the type and action handled by handler. Action "*",
// or an empty one, is any action of the type that has no handler of its own.
// Mistakes, such as a route that is taken, are returned by Connect; those made
// after it are logged.
func (c *Client) Handle(typ, action string, handler Handler) {
	if action == "" {
		action = anyAction
	}
	switch {
	case handler == nil:
		c.mistake("route %s.%s has no handler", typ, action)
	case typ == "":
		c.mistake("a route for action %q needs a type: no message has an empty one", action)
	case !c.addRoute(route{typ, action}, handler):
		c.mistake("route %s.%s is taken", typ, action)
	}
}

// addRoute reports whether the route was free.
func (c *Client) addRoute(at route, handler Handler) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.routes[at] != nil {
		return false
	}
	c.routes[at] = handler
	return true
}

// mistake keeps an error in the program for Connect to return.
func (c *Client) mistake(format string, args ...any) {
	err := fmt.Errorf(format, args...)
	if c.Status() != StatusNew {
		c.options.Log.Error("a handler was not added", "error", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mistakes = append(c.mistakes, err)
}

// Controller makes each exported method of value that is a func(Envelope) a
// handler of the type: method UserTyping handles action userTyping. Connect
// returns an error when value has an exported method of another form, which no
// message would reach, or none at all.
func (c *Client) Controller(typ string, value any) {
	v := reflect.ValueOf(value)
	if value == nil || v.Type().NumMethod() == 0 {
		c.mistake("controller %s: %T has no exported methods; does it need a pointer?", typ, value)
		return
	}
	for i := range v.NumMethod() {
		name := v.Type().Method(i).Name
		handler, ok := v.Method(i).Interface().(func(Envelope))
		if !ok {
			c.mistake("controller %s: method %s is %s, not func(client.Envelope)", typ, name, v.Method(i).Type())
			continue
		}
		c.Handle(typ, actionOf(name), handler)
	}
}

// actionOf is a method's name with a small first letter.
func actionOf(method string) string {
	first, size := utf8.DecodeRuneInString(method)
	return string(unicode.ToLower(first)) + method[size:]
}

// handlerFor returns the handler for a message, nil if there is none.
func (c *Client) handlerFor(e *Envelope) Handler {
	c.mu.Lock()
	defer c.mu.Unlock()
	if handler := c.routes[route{e.Type, e.Action}]; handler != nil {
		return handler
	}
	return c.routes[route{e.Type, anyAction}]
}
