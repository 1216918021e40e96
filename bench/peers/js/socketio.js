// The fan-out and echo server on Socket.IO, as its guide has it, over WebSocket alone.
// Clients speak Socket.IO's own protocol, and name their room as they connect.
import http from 'node:http'
import { Server } from 'socket.io'
import { addresses, hostAndPort, serveAdmin } from './admin.js'

const { addr, adminAddr } = addresses()
const server = http.createServer()
const io = new Server(server, { transports: ['websocket'], serveClient: false })
io.on('connection', (socket) => {
  socket.join(socket.handshake.auth.room)
  socket.emit('joined')
  socket.on('echo', (message) => socket.emit('echo', message))
})
server.listen(hostAndPort(addr))

serveAdmin(
  adminAddr,
  (room, message) => {
    io.to(room).emit('message', JSON.parse(message))
    return io.sockets.adapter.rooms.get(room)?.size ?? 0
  },
  () => globalThis.gc?.(),
)
