package guide

import (
	"context"
	"errors"
	"fmt"
	"log"
	"regexp"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
)

// emit sends an event to the subscribers of a channel.
func emit(server *core.Server, channel string, message object) {
	if err := server.Emit(channel, message); err != nil {
		log.Fatal(err)
	}
}

func Example_subscriberUtilities_creatingMatchers() {
	matched := make(chan string)
	tell := func(name string) bus.Handler {
		return func(context.Context, *bus.Event) (any, error) {
			matched <- name
			return nil, nil
		}
	}
	server := newServer(core.Options{})
	server.Subscribe(bus.Subscriber{
		Match:  []bus.Matcher{bus.MatchProperty("type", "analytics")},
		Handle: tell("the type is analytics"),
	})
	server.Subscribe(bus.Subscriber{
		Match: []bus.Matcher{bus.MatchPropertyFunc("priority", func(value any) bool {
			priority, ok := value.(float64)
			return ok && priority > 5
		})},
		Handle: tell("the priority is above 5"),
	})
	server.Subscribe(bus.Subscriber{
		Match:  []bus.Matcher{bus.MatchRegexp(regexp.MustCompile(`^analytics:`)), bus.MatchProperty("user.id", 123)},
		Handle: tell("the channel begins with analytics:, or the user is 123"),
	})
	defer serve(server)()

	emit(server, "events", object{"type": "analytics"})
	fmt.Println(<-matched)
	emit(server, "events", object{"priority": 6})
	fmt.Println(<-matched)
	emit(server, "analytics:clicks", object{"priority": 5})
	fmt.Println(<-matched)
	emit(server, "events", object{"user": object{"id": 123}})
	fmt.Println(<-matched)
	// Output:
	// the type is analytics
	// the priority is above 5
	// the channel begins with analytics:, or the user is 123
	// the channel begins with analytics:, or the user is 123
}

func Example_subscriberUtilities_errorHandling() {
	handler := func(context.Context, *bus.Event) (any, error) {
		return nil, errors.New("the database is away")
	}
	server := newServer(core.Options{})
	server.Subscribe(bus.Subscriber{
		Channel: "custom",
		Handle: bus.WithErrorHandler(handler, func(_ context.Context, e *bus.Event, err error) {
			fmt.Printf("Error in channel %s: %v\n", e.Channel, err)
		}),
	})
	defer serve(server)()

	emit(server, "custom", object{"action": "userStatusChanged"})
	// Output:
	// Error in channel custom: the database is away
}

func Example_subscriberUtilities_rateLimiting() {
	handled := 0
	handler := func(context.Context, *bus.Event) (any, error) {
		handled++
		return nil, nil
	}
	server := newServer(core.Options{})
	server.Subscribe(bus.Subscriber{
		Channel: "updates",
		// At most 10 in any minute.
		Handle: bus.WithRateLimit(handler, 10, time.Minute, func(e *bus.Event) {
			fmt.Println("Rate limit exceeded for channel:", e.Channel)
		}),
	})
	stop := serve(server)
	for range 12 {
		emit(server, "updates", object{})
	}
	stop() // when the subscriber has handled all
	fmt.Println(handled, "handled")
	// Output:
	// Rate limit exceeded for channel: updates
	// Rate limit exceeded for channel: updates
	// 10 handled
}

func Example_subscriberUtilities_retryLogic() {
	attempts := 0
	handler := func(context.Context, *bus.Event) (any, error) {
		attempts++
		fmt.Println("attempt", attempts)
		if attempts < 3 {
			return nil, errors.New("the database is away")
		}
		return nil, nil
	}
	server := newServer(core.Options{})
	server.Subscribe(bus.Subscriber{
		Channel: "database-sync",
		// Up to 3 more attempts, after 1, 2 and 4 milliseconds.
		Handle: bus.WithRetry(handler, 3, time.Millisecond, 2),
	})
	defer serve(server)()

	emit(server, "database-sync", object{})
	// Output:
	// attempt 1
	// attempt 2
	// attempt 3
}

func Example_subscriberUtilities_validation() {
	type message struct {
		Type, Action string
		Data         map[string]any
	}
	validate := func(e *bus.Event) error {
		var m message
		if err := e.Bind(&m); err != nil {
			return err
		}
		switch {
		case m.Type == "":
			return errors.New("missing type")
		case m.Action == "":
			return errors.New("missing action")
		case m.Data == nil:
			return errors.New("missing data")
		}
		return nil
	}
	server := newServer(core.Options{Log: stdout()})
	server.Subscribe(bus.Subscriber{
		Name:    "messages",
		Channel: "messages",
		Handle: bus.WithValidation(validate, func(_ context.Context, e *bus.Event) (any, error) {
			fmt.Println("valid:", e.Text())
			return nil, nil
		}),
	})
	defer serve(server)()

	emit(server, "messages", object{"type": "chat", "data": object{}})
	// Output:
	// level=ERROR msg="a subscriber failed" subscriber=messages channel=messages error="not a valid event: missing action" unlogged=0
}

func Example_subscriberUtilities_conditionalExecution() {
	server := newServer(core.Options{JWTSecret: secret})
	handler := func(_ context.Context, e *bus.Event) (any, error) {
		text, _ := e.Value("text")
		// To authenticated users only.
		users := core.All().If(func(v *core.ClientView) bool { return v.User() != nil })
		_, err := server.Broadcast(users, "protected", "message", text)
		return nil, err
	}
	server.Subscribe(bus.Subscriber{
		Channel: "protected",
		Handle: bus.WithFilter(func(e *bus.Event) bool {
			authenticated, _ := e.Value("authenticated")
			return authenticated == true
		}, handler),
	})
	defer serve(server)()
	alice, anonymous := newPerson(server, as(jwt.MapClaims{"sub": 1})), newPerson(server, client.Options{})
	defer alice.Close()
	defer anonymous.Close()

	emit(server, "protected", object{"text": "from nobody knows whom"})
	emit(server, "protected", object{"text": "from a friend", "authenticated": true})
	fmt.Println("alice:", alice.hears())
	if _, err := server.Broadcast(core.All(), "public", "message", "from everybody"); err != nil {
		log.Fatal(err)
	}
	fmt.Println("anonymous:", anonymous.hears())
	// Output:
	// alice: protected.message "from a friend"
	// anonymous: public.message "from everybody"
}

func Example_subscriberUtilities_composingHandlers() {
	logger := stdout()
	validateMessage := func(_ context.Context, e *bus.Event) (any, error) {
		if _, ok := e.Value("data"); !ok {
			return nil, errors.New("invalid message")
		}
		return nil, nil
	}
	broadcastMessage := func(_ context.Context, e *bus.Event) (any, error) {
		data, _ := e.Value("data")
		fmt.Println("broadcast", data)
		return nil, nil
	}
	logMetrics := func(_ context.Context, e *bus.Event) (any, error) {
		fmt.Println("processed a message on", e.Channel)
		return nil, nil
	}
	server := newServer(core.Options{})
	server.Subscribe(bus.Subscriber{
		Channel: "analytics",
		Handle: bus.Compose(
			bus.WithLogging(validateMessage, logger, "validate"),
			bus.WithLogging(broadcastMessage, logger, "broadcast"),
			bus.WithLogging(logMetrics, logger, "metrics"),
		),
	})
	defer serve(server)()

	emit(server, "analytics", object{"data": 42})
	emit(server, "analytics", object{})
	// Output:
	// level=INFO msg="an event has been handled" handler=validate channel=analytics
	// broadcast 42
	// level=INFO msg="an event has been handled" handler=broadcast channel=analytics
	// processed a message on analytics
	// level=INFO msg="an event has been handled" handler=metrics channel=analytics
	// level=ERROR msg="an event could not be handled" handler=validate channel=analytics error="invalid message"
}
