// The command that posts into a room from outside, through the admin API.

// Between single quotes a shell takes everything as it is, except a single
// quote: that one is written in the way of the URL, or of JSON.
export function curlCommand(room) {
  const url = `${location.origin}/api/rooms/${encodeURIComponent(room).replaceAll("'", "%27")}/broadcast`;
  const message = {
    type: "chat",
    action: "message",
    data: { room, username: "curl", text: "Hello from the shell" },
  };
  const body = JSON.stringify(message).replaceAll("'", "\\u0027");
  return `curl -X POST '${url}' \\\n  -H 'Content-Type: application/json' \\\n  -d '${body}'`;
}
