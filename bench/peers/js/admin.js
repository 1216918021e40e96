// The part of Gannet's admin listener that the load generator uses, for servers that
// Node.js or Bun runs.
import http from 'node:http'

/**
 * Serves it. publish(room, message) sends a text to the members of a room, and returns
 * how many there are; collect() collects garbage.
 */
export function serveAdmin(address, publish, collect) {
  const server = http.createServer(async (request, response) => {
    const path = decodeURIComponent(request.url.split('?')[0])
    if (path === '/ready') return response.end()
    if (path === '/debug/pprof/heap') {
      collect()
      return response.end()
    }
    const body = await text(request)
    const room = path.match(/^\/api\/rooms\/(.*)\/broadcast$/)?.[1]
    if (room !== undefined) return response.end(receivers(publish(room, body)))
    if (path !== '/api/publish') {
      response.statusCode = 404
      return response.end()
    }
    const lines = body.split('\n').filter(Boolean).map((line) => JSON.parse(line))
    response.end(lines.map((line) => receivers(publish(line.room, JSON.stringify(line.message)))).join(''))
  })
  server.listen(hostAndPort(address))
}

function receivers(n) {
  return JSON.stringify({ receivers: n }) + '\n'
}

async function text(request) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/** The parts of an address. */
export function hostAndPort(address) {
  const colon = address.lastIndexOf(':')
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) }
}

/** The addresses that the command line names, as --addr and --admin-addr. */
export function addresses() {
  const flag = (name, otherwise) => {
    const at = process.argv.findIndex((argument) => argument === name || argument.startsWith(name + '='))
    if (at < 0) return otherwise
    return process.argv[at].includes('=') ? process.argv[at].split('=')[1] : process.argv[at + 1]
  }
  return { addr: flag('--addr', '127.0.0.1:3000'), adminAddr: flag('--admin-addr', '127.0.0.1:3001') }
}
