package guide

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
)

// The utilities are composable: each takes a handler and returns one.
func TestGuide_SubscriberUtilities(t *testing.T) {
	var limited, failures int
	work := &script{errors: []error{errAway}}
	handle := bus.WithErrorHandler(
		bus.WithRateLimit(
			bus.WithFilter(has("data"),
				bus.WithValidation(needs("type"),
					bus.WithRetry(work.handle, 1, time.Millisecond, 1))),
			3, time.Hour, func(*bus.Event) { limited++ }),
		func(context.Context, *bus.Event, error) { failures++ })
	stats := afterEvents(t, bus.Subscriber{Channel: "custom", Handle: handle},
		object{"type": "chat", "data": 1}, // is retried
		object{"type": "chat"},            // is filtered out
		object{"data": 1},                 // is not valid
		object{"type": "chat", "data": 1}) // is beyond the limit
	require.Equal(t, 2, work.calls)
	require.Equal(t, 1, limited)
	require.Equal(t, 1, failures)
	require.EqualValues(t, 4, stats.Handled)
}

func TestGuide_SubscriberUtilities_CreatingMatchers(t *testing.T) {
	above5 := func(value any) bool {
		n, ok := value.(float64)
		return ok && n > 5
	}
	cases := map[string]struct {
		match bus.Matcher
		want  []string
	}{
		"property":             {bus.MatchProperty("type", "analytics"), []string{"typed"}},
		"property, a number":   {bus.MatchProperty("userId", 123), []string{"user", "both"}},
		"property, deep":       {bus.MatchProperty("user.address.city", "Graz"), []string{"deep"}},
		"property predicate":   {bus.MatchPropertyFunc("priority", above5), []string{"urgent"}},
		"either of two":        {bus.AnyOf(bus.MatchRegexp(regexp.MustCompile(`^analytics:`)), bus.MatchProperty("userId", 123)), []string{"user", "clicks", "both"}},
		"both of two":          {bus.AllOf(bus.MatchRegexp(regexp.MustCompile(`^analytics:`)), bus.MatchProperty("userId", 123)), []string{"both"}},
		"property that is not": {bus.MatchProperty("nothing", nil), nil},
	}
	events := []struct {
		channel string
		message object
	}{
		{"custom", object{"name": "typed", "type": "analytics"}},
		{"custom", object{"name": "typed otherwise", "type": "analytics:clicks"}},
		{"custom", object{"name": "user", "userId": 123}},
		{"custom", object{"name": "user as text", "userId": "123"}},
		{"custom", object{"name": "deep", "user": object{"address": object{"city": "Graz"}}}},
		{"custom", object{"name": "urgent", "priority": 6}},
		{"custom", object{"name": "not urgent", "priority": 5}},
		{"analytics:clicks", object{"name": "clicks"}},
		{"analytics:clicks", object{"name": "both", "userId": 123}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var matched []string
			server := newServer(core.Options{})
			server.Subscribe(bus.Subscriber{Match: []bus.Matcher{c.match}, Handle: func(_ context.Context, e *bus.Event) (any, error) {
				name, _ := e.Value("name")
				matched = append(matched, name.(string))
				return nil, nil
			}})
			stop := serve(server)
			for _, e := range events {
				require.NoError(t, server.Emit(e.channel, e.message))
			}
			stop()
			require.Equal(t, c.want, matched)
		})
	}
}

func TestGuide_SubscriberUtilities_ErrorHandling(t *testing.T) {
	panics := func(context.Context, *bus.Event) (any, error) { panic(errAway) }
	for name, handler := range map[string]bus.Handler{
		"error": (&script{errors: []error{errAway}}).handle,
		"panic": panics,
	} {
		t.Run(name, func(t *testing.T) {
			var told []string
			handle := bus.WithErrorHandler(handler, func(_ context.Context, e *bus.Event, err error) {
				assert.ErrorIs(t, err, errAway)
				told = append(told, e.Channel)
			})
			stats := afterEvents(t, bus.Subscriber{Channel: "custom", Handle: handle}, object{})
			require.Equal(t, []string{"custom"}, told)
			require.EqualValues(t, 1, stats.Handled, "the error goes no further")
		})
	}
	t.Run("the client is told", func(t *testing.T) {
		server := newServer(core.Options{})
		handle := bus.WithErrorHandler(panics, func(_ context.Context, e *bus.Event, err error) {
			id, _ := e.Value("clientId")
			assert.NoError(t, server.Emit(bus.MessageError, object{"clientId": id, "error": "Not saved"}))
		})
		server.Subscribe(bus.Subscriber{Channel: "custom", Handle: handle})
		t.Cleanup(serve(server))
		ada := visit(t, server, inRooms("general"))
		require.NoError(t, server.SendCustomMessage(object{"clientId": ada.ID()}))
		ada.hear(t, `error.message {"error":"Not saved"}`)
	})
}

func TestGuide_SubscriberUtilities_RateLimiting(t *testing.T) {
	t.Run("beyond the limit", func(t *testing.T) {
		var limited []string
		work := &script{}
		handle := bus.WithRateLimit(work.handle, 10, time.Minute, func(e *bus.Event) { limited = append(limited, e.Channel) })
		afterEvents(t, bus.Subscriber{Channel: "updates", Handle: handle}, slices.Repeat([]any{object{}}, 12)...)
		require.Equal(t, 10, work.calls)
		require.Equal(t, []string{"updates", "updates"}, limited)
	})
	t.Run("the window", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			work := &script{}
			handle := bus.WithRateLimit(work.handle, 10, time.Minute, nil)
			for range 60 { // one every six seconds: just within the limit
				call(t, handle)
				time.Sleep(6 * time.Second)
			}
			require.Equal(t, 60, work.calls)
			for range 20 {
				call(t, handle)
			}
			require.Equal(t, 61, work.calls, "nine of the last minute count")
			time.Sleep(time.Minute)
			call(t, handle)
			require.Equal(t, 62, work.calls)
		})
	})
	t.Run("by key", func(t *testing.T) {
		work := &script{}
		userID := func(e *bus.Event) string { return e.Text() }
		handle := bus.WithRateLimitBy(work.handle, userID, 1, time.Minute, nil)
		afterEvents(t, bus.Subscriber{Channel: "updates", Handle: handle},
			object{"userId": 1}, object{"userId": 2}, object{"userId": 1})
		require.Equal(t, 2, work.calls)
	})
}

func TestGuide_SubscriberUtilities_RetryLogic(t *testing.T) {
	cases := map[string]struct {
		errors []error
		calls  int
		failed uint64
	}{
		"at once":        {nil, 1, 0},
		"at the second":  {[]error{errAway}, 2, 0},
		"at the last":    {[]error{errAway, errAway, errAway}, 4, 0},
		"never, in time": {[]error{errAway, errAway, errAway, errAway, errAway}, 4, 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			work := &script{errors: c.errors}
			handle := bus.WithRetry(work.handle, 3, time.Millisecond, 2)
			stats := afterEvents(t, bus.Subscriber{Channel: "database-sync", Handle: handle}, object{})
			require.Equal(t, c.calls, work.calls)
			require.Equal(t, c.failed, stats.Failed)
		})
	}
	t.Run("exponential backoff", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			var at []time.Duration
			handle := bus.WithRetry(func(context.Context, *bus.Event) (any, error) {
				at = append(at, time.Since(began))
				return nil, errAway
			}, 3, time.Second, 2)
			_, err := handle(t.Context(), &bus.Event{})
			require.ErrorIs(t, err, errAway)
			require.Equal(t, []time.Duration{0, time.Second, 3 * time.Second, 7 * time.Second}, at)
		})
	})
}

func TestGuide_SubscriberUtilities_Validation(t *testing.T) {
	log := &journal{}
	server := newServer(core.Options{Log: log.logger()})
	validate := func(e *bus.Event) error {
		return errors.Join(needs("type")(e), needs("action")(e), needs("data")(e))
	}
	server.Subscribe(bus.Subscriber{Channel: "messages", Handle: bus.WithValidation(validate, func(_ context.Context, e *bus.Event) (any, error) {
		data, _ := e.Value("data")
		_, err := server.Broadcast(core.All().Here(), "chat", "message", data)
		return nil, err
	})})
	stop := serve(server)
	ada := newPerson(server, client.Options{})
	for _, message := range []object{
		{"type": "chat"},
		{"type": "chat", "data": object{"text": "invalid"}},
		{"type": "chat", "action": "message", "data": object{"text": "valid"}},
	} {
		require.NoError(t, server.Emit("messages", message))
	}
	ada.hear(t, `chat.message {"text":"valid"}`)
	nothingElse(t, server, ada)
	require.NoError(t, ada.Close())
	stop()
	require.EqualValues(t, 2, server.Stats().Subscribers[0].Failed)
	require.Contains(t, log.String(), "missing action")
}

func TestGuide_SubscriberUtilities_ConditionalExecution(t *testing.T) {
	authenticated := func(e *bus.Event) bool {
		value, _ := e.Value("authenticated")
		return value == true
	}
	users := core.All().If(func(v *core.ClientView) bool { return v.UserID() != "" })
	server := newServer(core.Options{JWTSecret: secret})
	server.Subscribe(bus.Subscriber{Channel: "protected", Handle: bus.WithFilter(authenticated, func(_ context.Context, e *bus.Event) (any, error) {
		data, _ := e.Value("data")
		_, err := server.Broadcast(users, "protected", "message", data)
		return nil, err
	})})
	t.Cleanup(serve(server))
	ada, anonymous := visit(t, server, as(jwt.MapClaims{"sub": 1})), visit(t, server, client.Options{})
	for i, condition := range []any{false, nil, "true", 1, true} {
		require.NoError(t, server.Emit("protected", object{"authenticated": condition, "data": i}))
	}
	ada.hear(t, "protected.message 4")
	nothingElse(t, server, ada, anonymous)
	require.EqualValues(t, 0, server.Stats().Subscribers[0].Failed, "what is left out is no error")
}

func TestGuide_SubscriberUtilities_ComposingHandlers(t *testing.T) {
	log := &journal{}
	var ran []string
	step := func(name string, work *script) bus.Handler {
		return bus.WithLogging(func(ctx context.Context, e *bus.Event) (any, error) {
			ran = append(ran, name)
			return work.handle(ctx, e)
		}, log.logger(), name)
	}
	flaky := &script{errors: []error{nil, errAway}}
	handle := bus.Compose(step("validate", &script{}), step("broadcast", flaky), step("metrics", &script{}))
	stats := afterEvents(t, bus.Subscriber{Channel: "analytics", Handle: handle}, object{}, object{})
	require.Equal(t, []string{"validate", "broadcast", "metrics", "validate", "broadcast"}, ran, "the first error ends it")
	require.EqualValues(t, 1, stats.Handled)
	require.EqualValues(t, 1, stats.Failed)
	for line, count := range map[string]int{
		"an event is being handled":         5,
		"an event has been handled":         4,
		"an event could not be handled":     1,
		"handler=metrics channel=analytics": 2, // begins and is done
	} {
		require.Equal(t, count, strings.Count(log.String(), line), line)
	}
	require.Contains(t, log.String(), `handler=broadcast channel=analytics took=`)
	require.Contains(t, log.String(), `error="the database is away"`)
}
