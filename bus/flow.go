package bus

import (
	"context"
	"errors"
)

// flow takes events through middleware and handler, in the phases that Middleware
// has. It does not change.
type flow struct {
	middleware []Middleware
	handle     Handler // with all that is around it
}

func newFlow(handle Handler, middleware []Middleware) flow {
	for i := len(middleware) - 1; i >= 0; i-- {
		if around := middleware[i].Around; around != nil {
			handle = around(handle)
		}
	}
	return flow{middleware: middleware, handle: handle}
}

// run handles an event. The error is one that no middleware has ended.
func (f *flow) run(ctx context.Context, e *Event) (skipped bool, err error) {
	passed := 0
	for n := 1; ; n++ {
		attempt := ctx
		if n > 1 {
			attempt = context.WithValue(ctx, attemptKey{}, n)
		}
		skipped, err = f.try(attempt, e, &passed)
		if err == nil {
			return skipped, nil
		}
		var outcome Outcome
		outcome, err = f.judge(attempt, e, err)
		switch {
		case outcome == Suppress:
			return false, nil
		case outcome != Retry || ctx.Err() != nil:
			return false, err
		}
	}
}

// try goes through the phases up to an error. passed is the number of middleware
// whose Before an earlier try has passed.
func (f *flow) try(ctx context.Context, e *Event, passed *int) (skipped bool, err error) {
	err = protect(func() error {
		if skipped, err = f.before(ctx, e, passed); skipped || err != nil {
			return err
		}
		result, err := f.handle(ctx, e)
		if err != nil {
			return err
		}
		return f.after(ctx, e, result)
	})
	return skipped, err
}

func (f *flow) before(ctx context.Context, e *Event, passed *int) (skipped bool, err error) {
	for ; *passed < len(f.middleware); *passed++ {
		before := f.middleware[*passed].Before
		if before == nil {
			continue
		}
		if proceed, err := before(ctx, e); err != nil || !proceed {
			return err == nil, err
		}
	}
	return false, nil
}

func (f *flow) after(ctx context.Context, e *Event, result any) error {
	for _, m := range f.middleware {
		if m.After == nil {
			continue
		}
		if err := m.After(ctx, e, result); err != nil {
			return err
		}
	}
	return nil
}

// judge asks the middleware what becomes of an error. The panic of one joins the
// error, and the next is asked.
func (f *flow) judge(ctx context.Context, e *Event, err error) (Outcome, error) {
	for _, m := range f.middleware {
		if m.Error == nil {
			continue
		}
		outcome := Propagate
		panicked := protect(func() error {
			outcome = m.Error(ctx, e, err)
			return nil
		})
		if panicked != nil {
			err = errors.Join(err, panicked)
		}
		if outcome == Suppress || outcome == Retry {
			return outcome, err
		}
	}
	return Propagate, err
}
