// Rows of a list that is shown anew each second: an element stays the same as long as
// what it shows does, so that focus and selection stay, too.

/** element makes an element with a class and a text. */
export function element(name, className = "", text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

/** setText changes a text that is another. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export class Rows {
  #parent;
  #make;
  #fill;
  #rows = new Map(); // by key

  /** make returns a new row of a key; fill shows an item in it. */
  constructor(parent, make, fill) {
    this.#parent = parent;
    this.#make = make;
    this.#fill = fill;
  }

  /** show has a row for each item, in their order. */
  show(items, keyOf) {
    const gone = new Set(this.#rows.keys());
    let next = this.#parent.firstElementChild;
    for (const item of items) {
      const key = keyOf(item);
      gone.delete(key);
      const row = this.#row(key);
      if (row === next) next = next.nextElementSibling;
      else this.#place(row, next);
      this.#fill(row, item);
    }
    for (const key of gone) {
      this.#rows.get(key).remove();
      this.#rows.delete(key);
    }
  }

  #row(key) {
    if (!this.#rows.has(key)) this.#rows.set(key, this.#make(key));
    return this.#rows.get(key);
  }

  // moveBefore keeps the focus, where browsers have it.
  #place(row, before) {
    if (row.isConnected && this.#parent.moveBefore) this.#parent.moveBefore(row, before);
    else this.#parent.insertBefore(row, before);
  }
}
