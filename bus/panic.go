package bus

import (
	"context"
	"fmt"
	"runtime/debug"
)

// PanicError is the error that a panic of a handler, a matcher or a middleware
// becomes.
type PanicError struct {
	Value any    // what it panicked with
	Stack []byte // of the goroutine, as debug.Stack has it
}

// Error returns the panic's text.
func (p *PanicError) Error() string { return fmt.Sprintf("panic: %v", p.Value) }

// Unwrap returns the value when it is an error, so that errors.Is finds it.
func (p *PanicError) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

// protect calls f. A panic becomes an error.
func protect(f func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &PanicError{Value: value, Stack: debug.Stack()}
		}
	}()
	return f()
}

// call has the handler handle the event. A panic becomes an error.
func call(ctx context.Context, handle Handler, e *Event) (result any, err error) {
	err = protect(func() error {
		result, err = handle(ctx, e)
		return err
	})
	return result, err
}
