// The server's API, and the key that it may want. The key stays in the tab's session.

const STORED = "gannet-api-key";
const PATIENCE = 5_000; // ms
const SILENCE = 15_000; // ms without a sign of life, after which a stream has ended

/** Refusal is an answer that is an error: its sentence, status and code. */
export class Refusal extends Error {
  constructor(status, { error, code }) {
    super(error);
    this.status = status;
    this.code = code;
  }
}

export const hasKey = () => sessionStorage.getItem(STORED) !== null;
export const keepKey = (key) => sessionStorage.setItem(STORED, key);
export const forgetKey = () => sessionStorage.removeItem(STORED);

/** canBeKey tells whether a request can carry the text. */
export const canBeKey = (text) => /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(text);

/** look asks how all nodes are. */
export async function look(withMoments) {
  const response = await ask(`/api/console${withMoments ? "?moments=true" : ""}`, { signal: AbortSignal.timeout(PATIENCE) });
  return response.json();
}

/** publish sends a message and returns the number of receivers. */
export async function publish(target, message) {
  const response = await ask("/api/publish", {
    method: "POST",
    headers: { "Content-Type": "application/x-ndjson" },
    body: `${JSON.stringify({ ...target, message })}\n`,
    signal: AbortSignal.timeout(PATIENCE),
  });
  const answer = await response.json();
  if (answer.error) throw new Refusal(response.status, answer);
  return answer.receivers;
}

/** watch calls onEvent for each event of a room until the stream ends. */
export async function watch(room, signal, onEvent) {
  const response = await ask(`/api/watch?room=${encodeURIComponent(room)}`, { signal });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = ""; ; ) {
    const silence = setTimeout(() => reader.cancel(), SILENCE);
    const { value, done } = await reader.read().finally(() => clearTimeout(silence));
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) readEvent(block, onEvent);
  }
}

// readEvent reads an event as the server writes it: a line for its name, one for its
// data. A comment has neither.
function readEvent(block, onEvent) {
  const event = /^event: (\w+)\ndata: (.*)$/.exec(block);
  if (event) onEvent(event[1], JSON.parse(event[2]));
}

async function ask(path, options) {
  const headers = { ...options.headers };
  if (hasKey()) headers["X-API-Key"] = sessionStorage.getItem(STORED);
  const response = await fetch(path, { ...options, headers, cache: "no-store" });
  if (response.ok) return response;
  throw new Refusal(response.status, await response.json().catch(() => ({ error: `The answer is ${response.status}` })));
}
