// The fan-out and echo server on Bun, whose sockets and topics are those of
// uWebSockets: one event loop, and what is published in one turn of it goes to each
// subscriber in one write.
import { addresses, hostAndPort, serveAdmin } from './admin.js'

const joinPrefix = '{"type":"system","action":"joinRoom",'
const joined = '{"type":"system","action":"joinRoom","response":{"success":true}}'

const { addr, adminAddr } = addresses()
const { host, port } = hostAndPort(addr)
const server = Bun.serve({
  hostname: host,
  port,
  fetch(request, server) {
    if (!server.upgrade(request)) return new Response('upgrade', { status: 400 })
  },
  websocket: {
    perMessageDeflate: false,
    message(socket, message) {
      if (!message.startsWith(joinPrefix)) return socket.send(message)
      socket.subscribe(JSON.parse(message).data.roomName)
      socket.send(joined)
    },
  },
})

serveAdmin(
  adminAddr,
  (room, message) => {
    server.publish(room, message)
    return server.subscriberCount(room)
  },
  () => Bun.gc(true),
)
