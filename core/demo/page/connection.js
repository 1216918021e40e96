// A WebSocket that opens itself again. It tells its state to onState:
//
//   {name: "connecting"}                 the first attempt
//   {name: "online"}
//   {name: "reconnecting", until}        it was lost; the next attempt begins at
//                                        that time, or runs if there is none
//   {name: "offline", reason}            it has given up until retryNow
//
// Server events go to onEvent, the time of each heartbeat to onRoundTrip.

const FIRST_DELAY = 500;
const LONGEST_DELAY = 20_000;
const MAX_ATTEMPTS = 12;
const STABLE_AFTER = 5_000; // a shorter connection counts as a failed attempt
const OPEN_TIMEOUT = 10_000;
const REPLY_TIMEOUT = 10_000;
const HEARTBEAT = 15_000;
const POLICY = 1008; // the server wants this client no more

/** Refused is the server's own word: the request came and was turned down. */
export class Refused extends Error {}

/** Lost says that nobody knows whether the request came. */
export class Lost extends Error {}

export class Connection {
  onState = () => {};
  onEvent = () => {};
  onRoundTrip = () => {};

  #locate;
  #socket = null;
  #openedAt = 0;
  #attempts = 0;
  #everOnline = false;
  #retryTimer = 0;
  #canRetry = false;
  #heartbeat = 0;
  #nextId = 1;
  #requests = new Map();

  /** locate returns a promise of the socket's URL, asked for at each attempt. */
  constructor(locate) {
    this.#locate = locate;
    addEventListener("online", () => this.retryNow());
  }

  open() {
    this.#attempt();
  }

  /** retryNow does not wait for the next attempt; it does nothing while there is a connection or an attempt. */
  retryNow() {
    if (!this.#canRetry) return;
    this.#attempts = 0;
    this.#attempt();
  }

  /** request sends a request and returns a promise of its response. */
  request(type, action, data) {
    if (!this.#socket) return Promise.reject(new Lost("There is no connection"));
    const id = String(this.#nextId++);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#settle(id, (r) => r.reject(new Lost("No answer came"))), REPLY_TIMEOUT);
      this.#requests.set(id, { resolve, reject, timer });
      this.#socket.send(JSON.stringify({ type, action, data, id }));
    });
  }

  async #attempt() {
    this.#canRetry = false;
    clearTimeout(this.#retryTimer);
    this.onState({ name: this.#everOnline || this.#attempts > 0 ? "reconnecting" : "connecting" });
    this.#attempts++;
    let socket;
    try {
      socket = await openSocket(await this.#locate());
    } catch {
      return this.#retryLater();
    }
    this.#adopt(socket);
  }

  #adopt(socket) {
    this.#socket = socket;
    this.#everOnline = true;
    this.#openedAt = Date.now();
    socket.onmessage = (event) => this.#receive(JSON.parse(event.data));
    socket.onclose = (event) => this.#closed(event);
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT);
    this.#beat();
    this.onState({ name: "online" });
  }

  #receive(message) {
    if (!this.#requests.has(message.id)) return this.onEvent(message);
    if (message.type === "error") return this.#settle(message.id, (r) => r.reject(new Refused(message.data.error)));
    this.#settle(message.id, (r) => r.resolve(message.response));
  }

  #settle(id, how) {
    const request = this.#requests.get(id);
    this.#requests.delete(id);
    clearTimeout(request.timer);
    how(request);
  }

  // A network that has gone silent closes nothing: only a question that nobody
  // answers shows it.
  async #beat() {
    const socket = this.#socket;
    const asked = performance.now();
    try {
      await this.request("system", "ping");
      this.onRoundTrip(performance.now() - asked);
    } catch {
      if (socket === this.#socket) this.#drop(socket);
    }
  }

  #drop(socket) {
    socket.onmessage = socket.onclose = null;
    socket.close();
    this.#closed({ code: 1006 });
  }

  #closed({ code, reason }) {
    this.#socket = null;
    clearInterval(this.#heartbeat);
    if (Date.now() - this.#openedAt > STABLE_AFTER) this.#attempts = 0;
    for (const id of [...this.#requests.keys()]) {
      this.#settle(id, (r) => r.reject(new Lost("The connection was lost")));
    }
    if (code === POLICY) return this.#giveUp(reason || "The server closed the connection");
    this.#retryLater();
  }

  #retryLater() {
    if (this.#attempts >= MAX_ATTEMPTS) return this.#giveUp(`No connection after ${MAX_ATTEMPTS} attempts`);
    const delay = backOff(this.#attempts);
    this.#canRetry = true;
    this.#retryTimer = setTimeout(() => this.#attempt(), delay);
    this.onState({ name: "reconnecting", until: Date.now() + delay });
  }

  #giveUp(reason) {
    this.#canRetry = true;
    this.onState({ name: "offline", reason });
  }
}

// backOff takes any time up to a bound that doubles (full jitter): all the
// clients of a server that restarts must not come back at the same moment.
function backOff(attempts) {
  return Math.random() * Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** attempts);
}

function openSocket(url) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    const timer = setTimeout(() => socket.close(), OPEN_TIMEOUT);
    socket.onopen = () => {
      clearTimeout(timer);
      resolve(socket);
    };
    socket.onclose = () => {
      clearTimeout(timer);
      reject(new Lost("The socket did not open"));
    };
  });
}
