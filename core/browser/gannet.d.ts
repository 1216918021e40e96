/** Options of a client. All times are milliseconds, at most 2^31 - 1. */
export interface GannetOptions {
  /**
   * The JWT for `?token=`, or a function that is asked for it at each attempt to
   * connect; without one, or with an empty one, the client is anonymous. A
   * function that fails makes the attempt fail. With a string, a connection that
   * ends because the token has expired is not opened again.
   */
  token?: string | (() => string | null | undefined | Promise<string | null | undefined>);
  /** The shortest wait before an attempt to connect again. Default: 500. */
  minDelay?: number;
  /** The longest such wait. Attempt n waits at random from `minDelay` up to `minDelay * 2 ** n`, but no longer than this. Default: 30000. */
  maxDelay?: number;
  /** Attempts in a row after which the client has failed. A connection of less than five seconds counts as one. Default: Infinity. */
  maxAttempts?: number;
  /** The time for an attempt, the functions for address and token included. Default: 10000. */
  connectTimeout?: number;
  /** The time for an answer to a request, its time in the queue included. Default: 10000. */
  requestTimeout?: number;
  /**
   * The silence of the server, one to two times as long, after which the client
   * sends `system.ping`; if nothing comes in this time once more, it connects
   * anew. 0 turns it off. Default: 15000.
   */
  heartbeat?: number;
  /** Messages that may wait for a connection. Default: 100. */
  queueSize?: number;
}

/**
 * What the client does and sees, with what a handler is given.
 *
 * What follows `disconnected` depends on the close code. 1000 (inactive) and
 * 1008 (disconnected by the application) are `failed`; all others are
 * `reconnecting`, and so is 1008 for an expired token if `token` is a function.
 * After 1012 (restart), 1013 (slow consumer) and 1008 for a frame timeout the wait
 * is drawn from a range four times as wide, after 1008 for the rate limit from the
 * whole one up to `maxDelay`. When a browser comes online, the client waits no longer. Why an
 * upgrade was refused (401, 503) is not told to pages: it is a failed attempt.
 */
export interface GannetEvents {
  /** An attempt begins. Attempts are counted from 1 since the last connection that lasted. */
  connecting: { attempt: number };
  /** The connection is open; joins, and what waited, have been sent. */
  connected: Record<string, never>;
  /** An open connection has ended. Code 1006: the network or the server has gone. */
  disconnected: { code: number; reason: string };
  /** The client waits for its next attempt; the error is why the last one failed. */
  reconnecting: { attempt: number; delay: number; error: Error };
  /** The client has given up until `connect()`. What waits in the queue stays there. */
  failed: { error: GannetError };
  /** The client is in a room: for the first time, or again on a new connection. What was said in between it has missed. */
  joined: { room: string; response: any };
  /** A join has failed. If the server has refused, the error has its response; otherwise the next connection tries again. */
  joinFailed: { room: string; error: GannetError };
}

/** A message from the server. */
export interface GannetMessage {
  type: string;
  action: string;
  /** What an event says. */
  data?: any;
  /** What an answer says. */
  response?: any;
  id?: string | number;
}

/**
 * What `system.gap` says, which servers with `--notify-gaps` send: messages of
 * other servers have not reached this one between two times of its clock, or may
 * not have. Ask the application for what is new.
 */
export interface GannetGap {
  /** The room concerned; without one it may be messages for all clients, or for this one. */
  roomName?: string;
  /** ISO 8601. */
  from: string;
  to: string;
  /** How many are missing, if that is known. */
  count?: number;
}

/**
 * Why something did not happen. The code is the server's, or REFUSED where the
 * server gave none, or one of the client's own: TIMEOUT, DISCONNECTED, CLOSED,
 * QUEUE_FULL, UNREACHABLE, BAD_MESSAGE.
 */
export class GannetError extends Error {
  constructor(message: string, code: string, more?: { response?: object; cause?: unknown });
  readonly code: string;
  /** What the server answered; undefined if the error is the client's own. */
  readonly response?: any;
}

/**
 * A client of one server: one connection that opens itself again, the rooms that
 * it is in, and requests that are answered.
 */
export class GannetClient {
  /**
   * @param url The socket's address, relative to the page if there is one, or a
   * function that is asked for it at each attempt to connect. http becomes ws.
   */
  constructor(url: string | URL | (() => string | URL | Promise<string | URL>), options?: GannetOptions);

  /** The last lifecycle event; `disconnected` before the first, `closed` after `close()`. */
  get status(): "connecting" | "connected" | "disconnected" | "reconnecting" | "failed" | "closed";
  /** The server's name for this connection, from its greeting or a join; null while it is not known. */
  get clientId(): string | null;
  /** The rooms that the client is in, or will be as soon as it is connected. */
  get rooms(): string[];

  /** Connects, at first and after `failed` or `close()`, and ends the wait for the next attempt. Otherwise it does nothing. */
  connect(): void;
  /** Ends the connection and everything that waits, and forgets the rooms. Handlers stay. */
  close(): void;

  /** Calls a handler for a lifecycle event. Returns a function that ends this. */
  on<Event extends keyof GannetEvents>(event: Event, handler: (detail: GannetEvents[Event]) => void): () => void;
  /**
   * Calls a handler for each event of a type and action, either of which may be
   * "*", and for answers that no request waits for. What a handler throws is
   * reported as an uncaught error is. Returns a function that ends this.
   *
   *     client.on<GannetGap>("system", "gap", ({ roomName }) => reload(roomName));
   */
  on<Content = any>(type: string, action: string, handler: (content: Content, message: GannetMessage) => void): () => void;

  /**
   * Sends a message of which no answer is expected, or puts it into the queue.
   * @throws GannetError CLOSED, or QUEUE_FULL if the queue, or one megabyte that waits for the network, is full.
   */
  send(type: string, action: string, data?: unknown): void;
  /**
   * Sends a request, or puts it into the queue, and waits for the response. It
   * rejects with a GannetError: the server's refusal, TIMEOUT, CLOSED, QUEUE_FULL
   * (as in `send`, or 1000 requests wait), or DISCONNECTED if the connection
   * ended meanwhile; nobody knows then whether the request was handled.
   */
  request<Response = any>(type: string, action: string, data?: unknown, options?: { timeout?: number }): Promise<Response>;

  /**
   * Joins a room, now and on each later connection, until `leave()` or until the
   * server refuses or ends it. The promise is that of the first request.
   * @param labels What the client calls itself in the room.
   */
  join(room: string, labels?: { userId?: unknown; username?: unknown; userType?: unknown }): Promise<any>;
  /** Leaves a room. */
  leave(room: string): Promise<void>;
}
