// What the room said, in its order. All text enters the page as text, never as
// markup.

const MAX_ENTRIES = 500;
const GROUP_WITHIN = 5 * 60_000;
const HUES = 6;

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

/** element makes an element with a class, and text if there is any. */
export function element(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

export class Log {
  #list;
  #group = null; // the entry that the next message of the same author joins

  constructor(list) {
    this.#list = list;
  }

  clear() {
    this.#list.replaceChildren();
    this.#group = null;
  }

  /** notice shows what happened, in the words of the page. */
  notice(text) {
    this.#append(element("li", "notice", text));
    this.#group = null;
  }

  /** message shows a message; key tells its author from others of the same name. */
  message({ name, key, text, at, own, outside }) {
    if (!this.#continues(key, name, at)) {
      const entry = groupEntry(name, at, { own, outside });
      this.#append(entry);
      this.#group = { entry, key, name };
    }
    this.#group.at = at;
    const bubble = element("p", "bubble", text);
    bubble.title = at.toLocaleString();
    this.#group.entry.append(bubble);
  }

  #continues(key, name, at) {
    const group = this.#group;
    return group !== null && group.key === key && group.name === name && at - group.at < GROUP_WITHIN;
  }

  #append(entry) {
    this.#list.append(entry);
    if (this.#list.childElementCount > MAX_ENTRIES) this.#list.firstElementChild.remove();
  }
}

function groupEntry(name, at, { own, outside }) {
  const entry = element("li", own ? "group own" : "group");
  const avatar = element("span", `avatar hue-${hueOf(name)}`, initialOf(name));
  avatar.ariaHidden = "true";
  const head = element("p", "group-head");
  head.append(element("span", "author", own ? "You" : name));
  if (outside) head.append(element("span", "badge", "from outside"));
  const time = element("time", "time", clock.format(at));
  time.dateTime = at.toISOString();
  head.append(time);
  entry.append(avatar, head);
  return entry;
}

const initialOf = (name) => [...name][0].toUpperCase();

function hueOf(name) {
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + letter.codePointAt(0)) % 9973;
  return sum % HUES;
}
