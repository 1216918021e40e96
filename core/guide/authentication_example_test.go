package guide

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"

	"github.com/golang-jwt/jwt/v5"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
)

// Browsers send their token as ?token=, programs in a header.
func Example_authentication_jwtAuthentication() {
	server := newServer(core.Options{JWTSecret: secret})
	defer serve(server)()
	token := sign(secret, jwt.MapClaims{"sub": 123})

	page := dial(url(server) + "?token=" + token)
	defer page.close()
	program := newClient(server, client.Options{Token: client.StaticToken(token)})
	defer program.Close()

	fmt.Println("connections of user 123:", len(server.UserClients("123")))
	// Output:
	// connections of user 123: 2
}

// A token that is not valid opens nothing.
func Example_authentication_authenticationFlow() {
	server := newServer(core.Options{JWTSecret: secret})
	defer serve(server)()

	c, err := client.New(client.Options{
		URL:         url(server),
		Token:       client.StaticToken("your-jwt-token"),
		MaxAttempts: 1,
		Log:         quiet,
	})
	if err != nil {
		log.Fatal(err)
	}
	err = c.Connect(context.Background())
	if refused, ok := errors.AsType[*client.HandshakeError](err); ok {
		fmt.Println(refused.Status, refused.Text)
	}
	// Output:
	// 401 Invalid token
}

// The server checks tokens by itself. A handler or a hook asks its Context who
// the user is.
func Example_authentication_serverSideAuthentication() {
	server := newServer(core.Options{
		JWTSecret: secret, // with JWTSecretEncoding: "base64url", if it is PXL's
		Hooks: core.Hooks{
			Connected: func(c *core.Context) {
				fmt.Println("User", c.UserID(), "connected")
				var claims struct{ Role string }
				if err := c.BindClaims(&claims); err != nil {
					return // anonymous
				}
				fmt.Println("with the role", claims.Role)
			},
		},
	})
	defer serve(server)()
	alice := newClient(server, client.Options{
		Token: client.StaticToken(sign(secret, jwt.MapClaims{"sub": "alice", "role": "admin"})),
	})
	defer alice.Close()
	// Output:
	// User alice connected
	// with the role admin
}

// sendAsUser answers chat.send: everybody reads who has written.
func sendAsUser(c *core.Context) (any, error) {
	if c.User() == nil {
		return map[string]string{"error": "Authentication required"}, nil
	}
	var claims struct{ Email string }
	if err := c.BindClaims(&claims); err != nil {
		return nil, err
	}
	var data struct{ Text string }
	if err := c.Bind(&data); err != nil {
		return nil, err
	}
	_, err := c.Broadcast(core.All(), "chat", "message", UserMessage{
		UserID:    c.User().IDJSON,
		UserEmail: claims.Email,
		Message:   data.Text,
	})
	return map[string]bool{"success": err == nil}, err
}

// UserMessage is a message and who has written it.
type UserMessage struct {
	UserID    json.RawMessage `json:"userId"` // a number or a string, as in the token
	UserEmail string          `json:"userEmail"`
	Message   string          `json:"message"`
}

// A controller knows the user, and all that the token says.
func Example_authentication_accessingUserData() {
	server := newServer(core.Options{JWTSecret: secret})
	server.Handle("chat", "send", sendAsUser)
	defer serve(server)()
	alice := newPerson(server, as(jwt.MapClaims{"sub": "alice", "email": "alice@example.com"}))
	defer alice.Close()
	guest := newPerson(server, client.Options{})
	defer guest.Close()
	ctx := context.Background()

	if err := alice.Request(ctx, "chat", "send", map[string]string{"text": "Hello!"}, nil); err != nil {
		log.Fatal(err)
	}
	fmt.Println("alice hears", alice.hears())
	err := guest.Request(ctx, "chat", "send", map[string]string{"text": "Hello!"}, nil)
	fmt.Println("guest is told:", err)
	// Output:
	// alice hears chat.message {"userId":"alice","userEmail":"alice@example.com","message":"Hello!"}
	// guest is told: Authentication required
}
