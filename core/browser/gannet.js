// @ts-self-types="./gannet.d.ts"

// A client for Gannet, for pages and workers, Node 22, Bun and Deno:
//
//   const client = new GannetClient("/ws", { token: () => fetchToken() });
//   client.on("chat", "message", ({ text }) => show(text));
//   client.connect();
//   await client.join("general");
//   await client.request("chat", "send", { room: "general", text: "Hello" });
//
// Nothing is sent twice: what was on its way when a connection ended may have
// arrived or not, and only the caller knows whether to say it again. What is
// sent while there is no connection waits for the next one, in its order.

const STABLE_AFTER = 5_000; // ms; a shorter connection counts as a failed attempt
const MAX_BUFFERED = 1 << 20; // bytes that may wait for a slow network
const MAX_REQUESTS = 1_000; // that wait for their answers
const EVENTS = ["connecting", "connected", "disconnected", "reconnecting", "failed", "joined", "joinFailed"];
const PING = JSON.stringify({ type: "system", action: "ping" });
const PONG = JSON.stringify({ type: "system", action: "pong" });

/**
 * GannetError says why something did not happen. Its code is the server's, or
 * REFUSED where the server gave none, or one of the client's own: TIMEOUT,
 * DISCONNECTED, CLOSED, QUEUE_FULL, UNREACHABLE, BAD_MESSAGE.
 */
export class GannetError extends Error {
  /** response is what the server answered, undefined if the error is the client's own. */
  constructor(message, code, { response, cause } = {}) {
    super(message, { cause });
    this.name = "GannetError";
    this.code = code;
    this.response = response;
  }
}

/** GannetClient keeps one connection. gannet.d.ts describes its options. */
export class GannetClient {
  #url;
  #options;
  #status = "disconnected";
  #clientId = null;
  #socket = null;
  #openedAt = 0;
  #attempts = 0; // begun since the last connection that lasted
  #turn = 0; // changes whenever an attempt or a connection is over
  #timer = 0; // of the attempt that runs, or of the wait for the next one
  #heartbeat = 0;
  #silence = 0; // heartbeats since the server was heard
  #handlers = new Map(); // event, or type and action, to a set of {handler}
  #rooms = new Map(); // name to {labels, pending}: where the client wants to be
  #queue = []; // {id, text}: what the next connection sends
  #requests = new Map(); // id to {resolve, reject, timer}
  #idPrefix = Math.random().toString(36).slice(2, 8); // an application's events may have ids too
  #lastId = 0;

  /** url is the socket's address, or a function that is asked for it at each attempt. Times are milliseconds. */
  constructor(url, options = {}) {
    const { token, minDelay = 500, maxDelay = 30_000, maxAttempts = Infinity, queueSize = 100 } = options;
    const { connectTimeout = 10_000, requestTimeout = 10_000, heartbeat = 15_000 } = options;
    this.#url = typeof url === "function" ? url : absolute(url);
    this.#options = { token, minDelay, maxDelay, maxAttempts, queueSize, connectTimeout, requestTimeout, heartbeat };
  }

  /** The last lifecycle event: connecting, connected, disconnected, reconnecting or failed; closed after close(). */
  get status() {
    return this.#status;
  }

  /** The server's name for this connection, null while it is not known. */
  get clientId() {
    return this.#clientId;
  }

  /** The names of the rooms that the client is in, or will be as soon as it is connected. */
  get rooms() {
    return [...this.#rooms.keys()];
  }

  /**
   * Connects, at first and after failed or close(). While the client waits for
   * its next attempt, it waits no longer. Otherwise this does nothing.
   */
  connect() {
    if (this.#status === "connecting" || this.#status === "connected") return;
    this.#attempts = 0;
    this.#attempt();
  }

  /** Ends the connection and everything that waits, and forgets the rooms. Handlers stay. */
  close() {
    const wasConnected = this.#status === "connected";
    this.#status = "closed";
    this.#release();
    this.#rooms.clear();
    this.#queue = [];
    this.#rejectSent(new GannetError("The client was closed", "CLOSED"));
    if (wasConnected) this.#emit("disconnected", { code: 1000, reason: "closed" });
  }

  /**
   * Calls a handler for each message of a type and action, either of which may
   * be "*", or, with two arguments, for a lifecycle event. Messages are events,
   * and answers that no request waits for. Returns a function that ends this.
   */
  on(...args) {
    const handler = args.pop();
    if (typeof handler !== "function") throw new TypeError("The handler must be a function");
    if (args.length < 2 && !EVENTS.includes(args[0])) throw new TypeError(`There is no event ${args[0]}`);
    const key = args.join("\n");
    const entry = { handler };
    if (!this.#handlers.has(key)) this.#handlers.set(key, new Set());
    this.#handlers.get(key).add(entry);
    return () => this.#handlers.get(key).delete(entry);
  }

  /** Sends a message of which no answer is expected. Throws if neither the network nor the queue takes it. */
  send(type, action, data) {
    this.#deliver({ type, action, data });
  }

  /**
   * Sends a request and returns a promise of its response. It rejects with a
   * GannetError if the server refuses, if no answer comes in time, or if the
   * connection ends first.
   */
  request(type, action, data, { timeout = this.#options.requestTimeout } = {}) {
    return new Promise((resolve, reject) => {
      if (this.#requests.size >= MAX_REQUESTS) throw new GannetError("Too many requests wait for their answers", "QUEUE_FULL");
      const id = this.#idPrefix + ++this.#lastId;
      this.#deliver({ id, type, action, data });
      const timer = setTimeout(() => this.#giveUp(id), timeout);
      this.#requests.set(id, { resolve, reject, timer });
    });
  }

  /**
   * Joins a room, now and on each later connection, until leave() or until the
   * server refuses. Returns a promise of the response. That of later connections
   * is told by the events joined and joinFailed.
   */
  async join(room, labels = {}) {
    const wish = { labels, pending: false };
    this.#rooms.delete(room); // the last join counts, where one room is all
    this.#rooms.set(room, wish);
    return this.#enter(room, wish);
  }

  /** Leaves a room. */
  async leave(room) {
    const wish = this.#rooms.get(room);
    this.#rooms.delete(room);
    if (this.#status === "connected" || wish?.pending) await this.request("system", "leaveRoom", { roomName: room });
  }

  // --- Connecting ---

  async #attempt() {
    this.#release();
    const turn = this.#turn;
    this.#attempts++;
    this.#timer = setTimeout(() => this.#ended(1006, "no connection in time"), this.#options.connectTimeout);
    this.#become("connecting", { attempt: this.#attempts });
    try {
      const address = await this.#address();
      if (turn === this.#turn) this.#open(address);
    } catch (error) {
      if (turn === this.#turn) this.#retry(error);
    }
  }

  async #address() {
    const ask = (given) => (typeof given === "function" ? given() : given);
    const address = absolute(await ask(this.#url));
    const token = await ask(this.#options.token);
    if (token) address.searchParams.set("token", token);
    return address.href;
  }

  #open(address) {
    const socket = new WebSocket(address);
    socket.onopen = () => this.#opened();
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onclose = ({ code, reason }) => this.#ended(code, reason);
    socket.onerror = () => this.#status === "connecting" && this.#ended(1006, ""); // Node's tells no more
    this.#socket = socket;
  }

  // The server handles what a client sends in its order: what waits goes out
  // behind the joins, without waiting for their answers.
  #opened() {
    clearTimeout(this.#timer);
    this.#openedAt = performance.now();
    this.#silence = 0;
    if (this.#options.heartbeat > 0) this.#heartbeat = setInterval(() => this.#beat(), this.#options.heartbeat);
    for (const [room, wish] of this.#rooms) {
      if (!wish.pending) this.#enter(room, wish).catch(() => {}); // an event tells
    }
    for (const { text } of this.#queue.splice(0)) this.#socket.send(text);
    this.#become("connected", {});
  }

  // A network that has gone silent closes nothing, and the protocol's own pings
  // are hidden from programs: only a question that nobody answers shows it. The
  // server need not answer with a pong, any message will do.
  #beat() {
    this.#silence++;
    if (this.#silence === 2) this.#socket.send(PING);
    if (this.#silence > 2) this.#ended(1006, "no answer to a heartbeat");
  }

  #ended(code, reason) {
    const wasConnected = this.#status === "connected";
    const error = new GannetError(`The connection ended: ${reason || `code ${code}`}`, "DISCONNECTED");
    if (!wasConnected) return this.#retry(error);
    this.#release();
    if (performance.now() - this.#openedAt >= STABLE_AFTER) this.#attempts = 0;
    this.#rejectSent(error);
    this.#become("disconnected", { code, reason });
    if (this.#status !== "disconnected") return; // a handler has decided what follows
    const patience = patienceAfter(code, reason, typeof this.#options.token === "function");
    if (patience === null) this.#become("failed", { error });
    else this.#retry(error, patience);
  }

  // All the clients of a server that has gone must not come back at the same
  // moment: any time from minDelay up to a bound that doubles is as good.
  #retry(error, patience = 0) {
    this.#release();
    const { minDelay, maxDelay, maxAttempts } = this.#options;
    if (this.#attempts >= maxAttempts) {
      const sentence = `No lasting connection: gave up after attempt ${this.#attempts}`;
      return this.#become("failed", { error: new GannetError(sentence, "UNREACHABLE", { cause: error }) });
    }
    const attempt = this.#attempts + 1;
    const bound = Math.min(maxDelay, minDelay * 2 ** (attempt + patience));
    const delay = minDelay + Math.random() * (bound - minDelay);
    this.#timer = setTimeout(() => this.#attempt(), delay);
    globalThis.addEventListener?.("online", this.#cameOnline);
    this.#become("reconnecting", { attempt, delay, error });
  }

  #cameOnline = () => this.connect();

  // release lets go of the attempt, the wait or the connection that there was.
  #release() {
    this.#turn++;
    clearTimeout(this.#timer);
    clearInterval(this.#heartbeat);
    globalThis.removeEventListener?.("online", this.#cameOnline);
    this.#clientId = null;
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
    socket.close(1000);
  }

  // --- Sending ---

  #deliver(message) {
    if (this.#status === "closed") throw new GannetError("The client was closed", "CLOSED");
    const text = JSON.stringify(message);
    const open = this.#socket?.readyState === WebSocket.OPEN;
    if (open && this.#socket.bufferedAmount > MAX_BUFFERED) throw new GannetError("Too much waits for the network", "QUEUE_FULL");
    if (open) return this.#socket.send(text);
    if (this.#queue.length >= this.#options.queueSize) throw new GannetError("Too much waits for a connection", "QUEUE_FULL");
    this.#queue.push({ id: message.id, text });
  }

  #giveUp(id) {
    this.#queue = this.#queue.filter((message) => message.id !== id);
    this.#take(id).reject(new GannetError("No answer came in time", "TIMEOUT"));
  }

  // rejectSent ends the requests that the next connection does not send.
  #rejectSent(error) {
    const waiting = new Set(this.#queue.map((message) => message.id));
    for (const id of [...this.#requests.keys()]) {
      if (!waiting.has(id)) this.#take(id).reject(error);
    }
  }

  #take(id) {
    const request = this.#requests.get(id);
    this.#requests.delete(id);
    clearTimeout(request.timer);
    return request;
  }

  async #enter(room, wish) {
    wish.pending = true;
    try {
      const response = await this.request("system", "joinRoom", { ...wish.labels, roomName: room });
      this.#clientId = response?.data?.clientId ?? this.#clientId;
      this.#emit("joined", { room, response });
      return response;
    } catch (error) {
      if (error.response && this.#rooms.get(room) === wish) this.#rooms.delete(room);
      this.#emit("joinFailed", { room, error });
      throw error;
    } finally {
      wish.pending = false;
    }
  }

  // --- Receiving ---

  #receive(text) {
    this.#silence = 0;
    const message = parse(text);
    if (!message) return report(new GannetError(`This is no message: ${String(text).slice(0, 100)}`, "BAD_MESSAGE"));
    if (this.#requests.has(message.id)) return this.#answered(message);
    this.#heed(message);
    const { type, action } = message;
    const content = "response" in message ? message.response : message.data;
    for (const key of new Set([`${type}\n${action}`, `${type}\n*`, `*\n${action}`, "*\n*"])) this.#emit(key, content, message);
  }

  #answered({ id, type, data, response }) {
    const { resolve, reject } = this.#take(id);
    const answer = type === "error" ? data : response;
    if (typeof answer?.error !== "string") return resolve(response);
    reject(new GannetError(answer.error, answer.code ?? "REFUSED", { response: answer }));
  }

  // heed does what the protocol asks for.
  #heed({ type, action, data }) {
    switch (`${type}.${action}`) {
      case "auth.authenticated":
        this.#clientId = data?.clientId ?? null;
        break;
      case "system.ping":
        this.#socket.send(PONG);
        break;
      case "user.leftRoom":
        if (!this.#rooms.get(data?.roomName)?.pending) this.#rooms.delete(data?.roomName);
    }
  }

  // --- Telling ---

  #become(status, detail) {
    this.#status = status;
    this.#emit(status, detail);
  }

  #emit(key, ...args) {
    for (const { handler } of [...(this.#handlers.get(key) ?? [])]) {
      try {
        handler(...args);
      } catch (error) {
        report(error);
      }
    }
  }
}

// patienceAfter says what follows a close code: how many steps further than an
// ordinary loss the back-off begins, or null for no new connection.
function patienceAfter(code, reason, renewable) {
  if (code === 1012 || code === 1013) return 2; // a restart, for all at once; too slow a network
  if (code === 1008 && reason === "rate limit") return 30; // any time up to the longest delay
  if (code === 1008 && reason === "frame timeout") return 2; // too slow a network, too
  if (code === 1008 && reason === "token expired" && renewable) return 0;
  return code === 1000 || code === 1008 ? null : 0; // inactive, or sent away
}

function absolute(url) {
  const address = new URL(url, globalThis.location?.href);
  address.protocol = address.protocol.replace("http", "ws");
  return address;
}

function parse(text) {
  try {
    const message = JSON.parse(text);
    return typeof message?.type === "string" ? message : null;
  } catch {
    return null;
  }
}

// report makes an error of a handler as visible as one that nobody catches.
const report = (error) => (globalThis.reportError ?? console.error)(error);
