// The state of the connection in words, with a countdown to the next attempt
// that is not read out every second.

export class Status {
  #root;
  #text;
  #spoken;
  #retry;
  #ticking = 0;

  constructor(root, { text, spoken, retry }) {
    this.#root = root;
    this.#text = text;
    this.#spoken = spoken;
    this.#retry = retry;
  }

  show(state) {
    clearInterval(this.#ticking);
    this.#root.dataset.state = state.name;
    this.#retry.hidden = !(state.until || state.name === "offline");
    const spoken = words(state, 0);
    if (this.#spoken.textContent !== spoken) this.#spoken.textContent = spoken;
    this.#tick(state);
    if (state.until) this.#ticking = setInterval(() => this.#tick(state), 250);
  }

  #tick(state) {
    this.#text.textContent = words(state, Math.ceil((state.until - Date.now()) / 1000));
  }
}

function words(state, seconds) {
  switch (state.name) {
    case "connecting":
      return "Connecting…";
    case "online":
      return "Online";
    case "offline":
      return state.reason;
  }
  return seconds > 0 ? `Reconnecting in ${seconds} s` : "Reconnecting…";
}
