// What the visitor has said and the room has not confirmed yet. Messages that
// are written without a connection wait here, up to a bound, each for its room.
// A message whose fate nobody knows is not sent again unasked: it could arrive
// twice.

import { element } from "./log.js";

export const OUTBOX_SIZE = 20;

export class Outbox {
  #list;
  #deliver;
  #messages = new Set(); // {room, text, state: waiting|sent|failed, why}
  #room = "";
  #open = false;

  onChange = () => {};

  /** deliver sends a message and returns a promise that it came. */
  constructor(list, deliver) {
    this.#list = list;
    this.#deliver = deliver;
  }

  get full() {
    return this.#messages.size >= OUTBOX_SIZE;
  }

  get size() {
    return this.#messages.size;
  }

  /** show switches to the messages for a room. */
  show(room) {
    this.#room = room;
    this.#changed();
  }

  add(text) {
    const message = { room: this.#room, text, state: "waiting" };
    this.#messages.add(message);
    this.#flush();
  }

  /** hold keeps messages back until release. */
  hold() {
    this.#open = false;
    this.#changed();
  }

  /** release sends what waits for the room. */
  release() {
    this.#open = true;
    this.#flush();
  }

  #flush() {
    for (const message of this.#shown()) {
      if (this.#open && message.state === "waiting") this.#send(message);
    }
    this.#changed();
  }

  async #send(message) {
    message.state = "sent";
    try {
      await this.#deliver(message);
      this.#messages.delete(message);
    } catch (error) {
      message.state = "failed";
      message.why = error.response ? error.message : "Perhaps it did not arrive";
    }
    this.#changed();
  }

  #shown() {
    return [...this.#messages].filter((message) => message.room === this.#room);
  }

  #changed() {
    this.#list.replaceChildren(...this.#shown().map((message) => this.#entry(message)));
    this.onChange();
  }

  #entry(message) {
    const entry = element("li", `group own ${message.state}`);
    const note = element("p", "outbox-note", { waiting: "Waits for the connection", sent: "Sending", failed: message.why }[message.state]);
    if (message.state === "failed") {
      note.append(this.#button("Send again", message, () => (message.state = "waiting")));
    }
    if (message.state !== "sent") {
      note.append(this.#button("Discard", message, () => this.#messages.delete(message)));
    }
    entry.append(element("p", "bubble", message.text), note);
    return entry;
  }

  #button(label, message, act) {
    const button = element("button", "text-button", label);
    button.type = "button";
    button.addEventListener("click", () => {
      act();
      this.#flush();
    });
    return button;
  }
}
