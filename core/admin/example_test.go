package admin_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/admin"
)

// A program that serves clients serves its operator, too: the API, metrics, health and
// the console. When ctx ends the server drains, and applications publish until it has.
func ExampleListen() {
	ctx, stop := context.WithCancel(context.Background())
	server, err := core.New(core.Options{Addr: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		log.Fatal(err)
	}
	operator, err := admin.Listen(server, admin.Options{AdminAddr: "127.0.0.1:0"}) // 127.0.0.1:3001 unless you say otherwise
	if err != nil {
		log.Fatal(err)
	}
	serving, end := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- operator.Serve(serving) }()
	ran := make(chan error, 1)
	go func() { ran <- server.Run(ctx) }()

	server.WaitRunning(ctx)
	answer, err := http.Get("http://" + operator.Addr().String() + "/ready")
	if err != nil {
		log.Fatal(err)
	}
	body, _ := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	fmt.Println(answer.Status, len(body) > 0)

	stop()
	fmt.Println(<-ran)
	end()
	fmt.Println(<-served)
	// Output:
	// 200 OK true
	// <nil>
	// <nil>
}
