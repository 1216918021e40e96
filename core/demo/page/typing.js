// Who is typing: the others as they tell, and what is told of this visitor.

const SHOWN_FOR = 4_000;
const TOLD_EVERY = 1_500;

export class Typing {
  #line;
  #tell;
  #others = new Map(); // client id to {name, timer}
  #toldAt = 0;

  /** tell lets the others know. */
  constructor(line, tell) {
    this.#line = line;
    this.#tell = tell;
  }

  /** typed notes a keystroke of this visitor. */
  typed() {
    if (Date.now() - this.#toldAt < TOLD_EVERY) return;
    this.#toldAt = Date.now();
    this.#tell();
  }

  /** sent makes the next keystroke count at once. */
  sent() {
    this.#toldAt = 0;
  }

  /** started notes that another client is typing. */
  started(clientId, name) {
    clearTimeout(this.#others.get(clientId)?.timer);
    this.#others.set(clientId, { name, timer: setTimeout(() => this.stopped(clientId), SHOWN_FOR) });
    this.#show();
  }

  /** stopped notes that another client has sent its message, or has paused. */
  stopped(clientId) {
    clearTimeout(this.#others.get(clientId)?.timer);
    if (this.#others.delete(clientId)) this.#show();
  }

  clear() {
    for (const clientId of [...this.#others.keys()]) this.stopped(clientId);
  }

  #show() {
    this.#line.textContent = sentence([...this.#others.values()].map((other) => other.name));
  }
}

function sentence(names) {
  switch (names.length) {
    case 0:
      return "";
    case 1:
      return `${names[0]} is typing…`;
    case 2:
      return `${names[0]} and ${names[1]} are typing…`;
    case 3:
      return `${names[0]}, ${names[1]} and ${names[2]} are typing…`;
  }
  return `${names[0]}, ${names[1]} and ${names.length - 2} others are typing…`;
}
