//go:build torture

package core_test

import (
	"fmt"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// The corpus is what the mutations begin with: requests and messages that are
// right, and such as are wrong in a way that random changes seldom find.

const goodUpgrade = "GET /ws HTTP/1.1\r\nHost: torture\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

// goodUpgrades become clients, anonymous or not.
var goodUpgrades = []string{
	goodUpgrade,
	goodUpgrade,
	withToken(`{"sub":5}`),
	withToken(`{"sub":"somebody","name":"Ä\u0000\"","rooms":["a","b"]}`),
	withBearer(tokenOf(`{"sub":"bearer"}`)),
	withLine("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"),
	withLine("Sec-WebSocket-Protocol: a, b\r\nOrigin: http://torture\r\nUser-Agent: torture\r\nX-Forwarded-For: 1.2.3.4"),
}

// badUpgrades are refused, each elsewhere.
var badUpgrades = []string{
	strings.Replace(goodUpgrade, "/ws", "/elsewhere", 1),
	strings.Replace(goodUpgrade, "GET", "POST", 1),
	strings.Replace(goodUpgrade, "HTTP/1.1", "HTTP/1.0", 1),
	strings.Replace(goodUpgrade, "13", "8", 1),
	strings.Replace(goodUpgrade, "Host: torture\r\n", "", 1),
	strings.Replace(goodUpgrade, "==", "=", 1),
	strings.ReplaceAll(goodUpgrade, "\r\n", "\n"),
	strings.Replace(goodUpgrade, "Host: ", "Host : ", 1),
	withLine("Content-Length: 5"),
	withLine("Transfer-Encoding: chunked"),
	withLine("X-Fold: a\r\n b"),
	withLine("X-Large: " + strings.Repeat("x", 9<<10)),
	withLine(strings.TrimSuffix(strings.Repeat("X-Many: y\r\n", 700), "\r\n")),
	withToken(`{"sub":5,"exp":1}`),
	withToken(`{"sub":5,"nbf":99999999999}`),
	withToken(`{"sub":5,"exp":"soon"}`),
	withToken(`{"sub":{}}`),
	withToken(`{"name":"nobody"}`),
	withToken(`{"sub":` + strings.Repeat("[", 2000) + `}`),
	withToken(`[]`),
	withQuery("token=e30.e30."),
	withQuery("token=%"),
	withQuery("token=..&token=&&=&token"),
	withQuery("token=" + strings.Repeat("a.", 3000)),
	withQuery("token=" + unsigned(`{"alg":"none","typ":"JWT"}`, `{"sub":5}`)),
	withQuery("token=" + unsigned(`{"alg":"RS256","kid":"../key"}`, `{"sub":5}`)),
	withBearer("x"),
	withLine("Authorization: Basic " + strings.Repeat("A", 400)),
}

func withLine(line string) string {
	return strings.TrimSuffix(goodUpgrade, "\r\n") + line + "\r\n\r\n"
}

func withBearer(token string) string { return withLine("Authorization: Bearer " + token) }

func withQuery(query string) string {
	return strings.Replace(goodUpgrade, "/ws", "/ws?"+query, 1)
}

func withToken(claims string) string { return withQuery("token=" + tokenOf(claims)) }

// tokenOf signs claims as they stand, which the library would put in order.
func tokenOf(claims string) string {
	text := unsignedHead(`{"alg":"HS256","typ":"JWT"}`, claims)
	signature, err := jwt.SigningMethodHS256.Sign(text, []byte(tortureSecret))
	if err != nil {
		panic(err)
	}
	return text + "." + part(string(signature))
}

func unsigned(header, claims string) string { return unsignedHead(header, claims) + ".AAAA" }

func unsignedHead(header, claims string) string { return part(header) + "." + part(claims) }

func part(text string) string { return (&jwt.Token{}).EncodeSegment([]byte(text)) }

// template is a message: a room's number goes where the @ stands.
type template struct{ before, after []byte }

func templates(texts ...string) (list []template) {
	for _, text := range texts {
		before, after, _ := strings.Cut(text, "@")
		list = append(list, template{[]byte(before), []byte(after)})
	}
	return list
}

// commonMessages build up state: memberships, and messages to rooms.
var commonMessages = templates(
	`{"type":"system","action":"joinRoom","data":{"roomName":"room-@"}}`,
	`{"type":"system","action":"joinRoom","data":{"roomName":"room-@","userId":7,"username":"u","userType":"guest"},"id":"a"}`,
	`{"type":"system","action":"joinRoom","id":12,"data":{"roomName":"room-@","userId":{"a":[1,2]},"username":"\u0041\n"}}`,
	`{"type":"system","action":"leaveRoom","data":{"roomName":"room-@"}}`,
	`{"type":"room","action":"publish","data":{"roomName":"room-@","data":{"text":"hello"}}}`,
	`{"type":"room","action":"publish","data":{"roomName":"room-@","data":[1,2,3],"self":false},"id":1}`,
	`{"type":"system","action":"ping"}`,
	`{"type":"system","action":"ping","id":"x"}`,
)

// oddMessages are for the corners.
var oddMessages = templates(
	`{"type":"system","action":"pong"}`,
	`{"type":"nobody","action":"knows","data":{"roomName":"room-@"},"id":-1.5e3}`,
	`{"type":"system","action":"joinRoom"}`,
	`{"type":"system","action":"joinRoom","data":null}`,
	`{"type":"system","action":"joinRoom","data":{"roomName":"`+strings.Repeat("r", 127)+`"}}`,
	`{"type":"system","action":"joinRoom","data":{"roomName":"`+strings.Repeat("r", 128)+`"}}`,
	`{"type":"system","action":"joinRoom","data":{"roomName":"`+strings.Repeat("r", 129)+`"}}`,
	`{"type":"system","action":"joinRoom","data":{"roomName":"`+strings.Repeat("r", 3000)+`"}}`,
	`{"type":"system","action":"joinRoom","data":{"roomName":"{@}"}}`,
	`{"type":"system","action":"joinRoom","data":{"roomName":"\u0000@"}}`,
	`{"type":"system","action":"joinRoom","data":{"roomName":"\ud800@"}}`,
	`{"type":"system","action":"joinRoom","data":{"roomName":"Zimmer ä € 😀 @"}}`,
	`{"type":"system","action":"joinRoom","data":{"roomName":"room-@","username":"`+strings.Repeat(`\u0001<`, 300)+`"}}`,
	`{"type":"system","action":"leaveRoom","data":{"roomName":["room-@"]}}`,
	`{"type":"room","action":"publish","data":{"roomName":"room-@"}}`,
	`{"type":"room","action":"publish","data":{"roomName":"room-@","data":`+nested(400)+`}}`,
	`{"type":"room","action":"publish","data":{"roomName":"room-@","data":`+nested(509)+`}}`,
	`{"type":"room","action":"publish","data":{"roomName":"room-@","data":`+nested(510)+`}}`,
	`{"type":"room","action":"publish","data":{"roomName":"room-@","data":`+nested(511)+`}}`,
	`{"type":"room","action":"publish","data":{"roomName":"room-@","data":`+nested(1500)+`}}`,
	`{"type":"room","action":"publish","data":{"roomName":"room-@","self":"no","data":1e999}}`,
	`{"type":"room","action":"publish","data":{"roomName":"room-@","data":"\q"}}`,
	`{"type":"room","action":"publish","data":{"roomName":"room-@","data":-0.0e-0}} `,
	`{"type":"\u0073ystem","action":"p\u0069ng"}`,
	`{"type":"system","type":"room","action":"ping","action":"publish","data":{},"data":{"roomName":"room-@"}}`,
	`{"type":"system","action":"ping","id":"`+strings.Repeat("i", 3000)+`"}`,
	`{"type":"system","action":"ping","id":`+strings.Repeat("9", 400)+`}`,
	`{"TYPE":"system","Action":"ping"}`,
	`{"type":1,"action":true}`, `{"type":[],"action":{}}`, `{"type":"","action":""}`, `{"action":"ping"}`,
	`null`, `true`, `0`, `""`, `[]`, `{}`, ``, ` `, `[[`, `"`, `{"`, `nul`, `1 2`, `{"type":"system","action":"ping"}x`,
	strings.Repeat("[", 3000),
	strings.Repeat(`{"a":`, 700),
	`{"`+strings.Repeat(`\\`, 3000)+`":1}`,
	manyKeys(200),
)

func nested(depth int) string {
	return strings.Repeat("[", depth) + strings.Repeat("]", depth)
}

func manyKeys(n int) string {
	var b strings.Builder
	b.WriteString(`{"type":"system","action":"ping"`)
	for i := range n {
		fmt.Fprintf(&b, `,"key%d":%d`, i, i)
	}
	return b.String() + "}"
}
