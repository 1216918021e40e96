package bus_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
)

// returning is a handler that returns what it is given.
func returning(result any, err error) bus.Handler {
	return func(context.Context, *bus.Event) (any, error) { return result, err }
}

func panicking(context.Context, *bus.Event) (any, error) { panic("boom") }

func TestWithErrorHandler(t *testing.T) {
	var told []string
	tell := func(_ context.Context, e *bus.Event, err error) { told = append(told, e.Channel+" "+err.Error()) }
	cases := map[string]struct {
		handle bus.Handler
		result any
		told   []string
	}{
		"no error": {returning(5, nil), 5, nil},
		"error":    {returning(5, errors.New("boom")), nil, []string{"a boom"}},
		"panic":    {panicking, nil, []string{"a panic: boom"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			told = nil
			result, err := bus.WithErrorHandler(c.handle, tell)(t.Context(), event("a"))
			assert.NoError(t, err)
			assert.Equal(t, c.result, result)
			assert.Equal(t, c.told, told)
		})
	}
}

func TestWithLogging(t *testing.T) {
	boom := errors.New("boom")
	begins := `level=DEBUG msg="an event is being handled" handler=mine channel=a`
	cases := map[string]struct {
		handle bus.Handler
		result any
		err    error
		logged string
	}{
		"no error": {returning(5, nil), 5, nil, `level=INFO msg="an event has been handled" handler=mine channel=a`},
		"error":    {returning(nil, boom), nil, boom, `level=ERROR msg="an event could not be handled" handler=mine channel=a error=boom`},
		"panic":    {func(context.Context, *bus.Event) (any, error) { panic(boom) }, nil, boom, `level=ERROR msg="an event could not be handled" handler=mine channel=a error="panic: boom"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var j journal
			result, err := bus.WithLogging(c.handle, j.log(), "mine")(t.Context(), event("a"))
			assert.ErrorIs(t, err, c.err)
			assert.Equal(t, c.result, result)
			assert.Equal(t, []string{begins, c.logged}, j.all())
		})
	}
	_, err := bus.WithLogging(nothing, nil, "default")(t.Context(), event("a"))
	assert.NoError(t, err)
}

func TestWithValidation(t *testing.T) {
	handle := bus.WithValidation(needsType, returning(5, nil))
	result, err := handle(t.Context(), event("a", `{"type":"x"}`))
	assert.NoError(t, err)
	assert.Equal(t, 5, result)
	result, err = handle(t.Context(), event("a", `{"action":"x"}`))
	assert.ErrorIs(t, err, errNoType)
	assert.EqualError(t, err, "not a valid event: type is missing")
	assert.Nil(t, result)
}

func TestWithFilter(t *testing.T) {
	handle := bus.WithFilter(isVIP, returning(5, assert.AnError))
	result, err := handle(t.Context(), event("a", `{"segment":"vip"}`))
	assert.ErrorIs(t, err, assert.AnError)
	assert.Equal(t, 5, result)
	result, err = handle(t.Context(), event("a"))
	assert.NoError(t, err)
	assert.Nil(t, result)
}

func TestCompose(t *testing.T) {
	cases := map[string]struct {
		errs   []error
		ran    []string
		result any
		err    error
	}{
		"none":            {nil, []string{}, nil, nil},
		"one":             {[]error{nil}, []string{"0"}, 0, nil},
		"three":           {[]error{nil, nil, nil}, []string{"0", "1", "2"}, 2, nil},
		"the first fails": {[]error{assert.AnError, nil}, []string{"0"}, nil, assert.AnError},
		"the last fails":  {[]error{nil, assert.AnError}, []string{"0", "1"}, nil, assert.AnError},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var j journal
			var handlers []bus.Handler
			for i, err := range c.errs {
				handlers = append(handlers, func(context.Context, *bus.Event) (any, error) {
					j.add(fmt.Sprint(i))
					return i, err
				})
			}
			result, err := bus.Compose(handlers...)(t.Context(), event("a"))
			assert.Equal(t, c.ran, j.all())
			assert.Equal(t, c.result, result)
			assert.Equal(t, c.err, err)
		})
	}
}

func TestPanicError(t *testing.T) {
	_, err := bus.WithRetry(panicking, 0, 0, 0)(t.Context(), event("a"))
	var p *bus.PanicError
	require.ErrorAs(t, err, &p)
	assert.Equal(t, "boom", p.Value)
	assert.Contains(t, string(p.Stack), "panicking", "the stack is that of the panic")
	assert.EqualError(t, err, "panic: boom")
	assert.NoError(t, errors.Unwrap(p))
}
