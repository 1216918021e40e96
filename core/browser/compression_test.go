package browser_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// A browser offers compression by itself, and both sides use it.
func TestCompression_InABrowser(t *testing.T) {
	s := run(t, core.Options{Loops: 1, Compression: core.CompressionOn}, func(s *core.Server) {
		s.Handle("test", "echo", func(c *core.Context) (any, error) {
			var text string
			err := c.Bind(&text)
			return text, err
		})
	})
	p := visit(t).open(t, s.url())
	p.returns(`"permessage-deflate; server_no_context_takeover; client_no_context_takeover"`, `
		window.socket = new WebSocket(window.url);
		await new Promise((resolve, reject) => { socket.onopen = resolve; socket.onerror = reject; });
		window.next = () => new Promise((resolve) => { socket.onmessage = ({ data }) => resolve(JSON.parse(data)); });
		return socket.extensions`)
	require.Equal(t, 1, s.Stats().ClientsCompressed)

	p.returns(`true`, `
		const text = Array.from({ length: 2000 }, (_, i) => "Zeile " + i + ": größer").join("\n");
		const answer = next();
		socket.send(JSON.stringify({ type: "test", action: "echo", data: text }));
		return (await answer).response === text`)
	const least = 2000 * len("Zeile 1: größer\n")
	stats := s.Stats()
	require.EqualValues(t, 1, stats.Inflated)
	require.Greater(t, stats.InflatedBytes, uint64(least))
	require.Less(t, stats.BytesIn, uint64(least/2), "it came compressed")
	require.EqualValues(t, 1, stats.Compressed)
	require.Less(t, stats.BytesOut, uint64(least/2), "and went back so")

	text := strings.Repeat("to everybody, ", 2000)
	p.Run(`window.told = next()`)
	receivers, err := s.Broadcast(core.All(), "test", "told", text)
	require.NoError(t, err)
	require.Equal(t, 1, receivers)
	p.returns(`true`, `return (await told).data === "to everybody, ".repeat(2000)`)
	require.EqualValues(t, 2, s.Stats().Compressed)

	p.Run(`
		const small = next();
		socket.send(JSON.stringify({ type: "test", action: "echo", data: "small" }));
		await small`)
	stats = s.Stats()
	require.EqualValues(t, 2, stats.Compressed, "what is small goes as it is")
	require.LessOrEqual(t, stats.Inflated, uint64(2), "a browser compresses all that it sends, or what it likes")
}
