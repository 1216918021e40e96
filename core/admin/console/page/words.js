// The words of metrics and logs as sentences, with what there is to know of them.

const CLOSED = {
  peer_gone: ["Connection broke", "No close frame came: the network, or the end of the client's program"],
  peer_closed: ["Client closed", "With a close frame"],
  draining: ["Server drained", "1012: it stopped or restarted"],
  slow_consumer: ["Read too slowly", "1013: more waited than --max-backlog allows"],
  ping_timeout: ["No sign of life", "A ping was not answered within --ping-timeout"],
  protocol_error: ["Broke the protocol", "1002"],
  invalid_payload: ["Sent broken text", "1007: no UTF-8, or bad compressed data"],
  message_too_big: ["Sent too large a message", "1009: larger than --max-message-size"],
  internal_error: ["A handler failed", "1011: the log says how"],
  disconnected: ["Disconnected on request", "1008: the application or an operator wanted it"],
  inactive: ["Inactive", "1000: no message for --inactive-timeout"],
  rate_limit: ["Sent too much", "1008: beyond --max-message-rate or --max-byte-rate, --max-strikes times"],
  token_expired: ["Token expired", "1008, with --close-expired"],
  frame_timeout: ["Message took too long", "1008: not complete within --frame-timeout"],
};

const REFUSED = {
  bad_request: ["Not a readable request", "400"],
  not_found: ["Wrong path", "404: not --path"],
  not_an_upgrade: ["Not a WebSocket", "426 or 400"],
  unauthorized: ["No good token", "401"],
  max_connections: ["Server full", "503: --max-connections are served"],
  descriptors: ["No descriptors left", "503: raise the limit (ulimit -n)"],
  draining: ["Server drains", "503"],
  handshake_timeout: ["No request in time", "--handshake-timeout"],
  busy: ["Too many tokens to check", "503: --max-verifying"],
  not_tls: ["No TLS", "On the TLS listener"],
  tls_failed: ["TLS handshake failed", ""],
  tls_busy: ["Too many TLS handshakes", "--max-tls-handshakes"],
  tls_halted: ["TLS handshake stood still", "It made room for another: --max-tls-handshakes"],
  head_too_large: ["Request too large", "431: --max-request-head"],
  max_handshakes: ["Too many that say nothing", "--max-handshakes"],
  accept_rate: ["Too many at once", "503: --max-accept-rate"],
  per_address: ["Too many of one address", "429: --max-connections-per-address"],
  origin: ["Page of another site", "403: --allowed-origins"],
  proxy_header: ["Bad PROXY header", "--proxy-protocol"],
};

const TROUBLES = {
  acceptFailures: ["Accepts failed", "Mostly for want of descriptors or memory"],
  badMessages: ["Messages that were no envelopes", ""],
  busDropped: ["Messages of other nodes dropped", "No room: --redis-max-inbox, --max-inbox"],
  busFailed: ["Messages not sent to other nodes", "The bus was away or full"],
  busGaps: ["Gaps in what other nodes sent", "As after a lost connection: messages may be missing"],
  busMissed: ["Messages of other nodes missing", "The gaps of which it is known how many"],
  busUnknown: ["Messages that may not have been sent", "Redis did not answer"],
  busy: ["Requests that found a pool full", "--max-blocking, --max-verifying"],
  dropped: ["Frames lost with their connection", ""],
  handlerErrors: ["Handlers' internal errors", "The log says which"],
  nodesLost: ["Nodes lost", "Died, hung or cut off; once by each node that noticed"],
  overloaded: ["Publishing refused", "An event loop had more to do than --max-inbox allows"],
  panics: ["Handlers that panicked", "The log says which"],
  paused: ["Clients slowed down", "They published faster than loops deliver"],
  rateLimited: ["Messages beyond a client's rate", "--max-message-rate, --max-byte-rate"],
  skipped: ["Messages skipped for slow readers", "--slow-consumer"],
  slowHandlers: ["Slow handlers", "They held their event loop for --slow-handler"],
  timesBlocked: ["Sockets found full", "Clients that read more slowly than messages come"],
};

const lookUp = (table) => (word) => table[word] ?? [word.replaceAll("_", " "), ""];

/** Each returns a title and a hint, also for words that are new. */
export const closedWords = lookUp(CLOSED);
export const refusedWords = lookUp(REFUSED);
export const troubleWords = lookUp(TROUBLES);
