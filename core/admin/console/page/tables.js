// The tables: what they show of an answer, row by row.

import { bytes, compact, count, rate, share, time } from "./format.js";
import { SLOW, nodesOf } from "./nodes.js";
import { Rows, element, setText } from "./rows.js";
import { closedWords, refusedWords, troubleWords } from "./words.js";

const SHOWN_ROOMS = 12;
const BUSY = 0.9; // of the time, from which a loop stands out
const NOTEWORTHY = 100_000; // bytes that wait: less comes and goes

const $ = (id) => document.getElementById(id);

// row makes a table's row with a heading and cells of the classes.
function row(...classes) {
  const made = element("tr");
  const head = element("th");
  head.scope = "row";
  made.append(head, ...classes.map((className) => element("td", className)));
  return made;
}

function fill(tr, ...texts) {
  texts.forEach((text, i) => setText(tr.cells[i + 1], text));
}

const mark = (cell, level) => (cell.dataset.level = level);

/** Rooms shows the busiest or the largest rooms; a click on one chooses it. */
export class Rooms {
  #rows;
  #order = "deliveries";
  #rooms = [];

  constructor(onChoose) {
    this.#rows = new Rows($("rooms"), (name) => roomRow(name, onChoose), fillRoom);
    for (const [id, order] of [["rooms-busiest", "deliveries"], ["rooms-largest", "members"]]) {
      $(id).addEventListener("click", () => this.#sortBy(order));
    }
  }

  #sortBy(order) {
    this.#order = order;
    $("rooms-busiest").ariaPressed = order === "deliveries";
    $("rooms-largest").ariaPressed = order === "members";
    this.show(this.#rooms);
  }

  show(rooms) {
    this.#rooms = rooms;
    const order = this.#order;
    const sorted = rooms.toSorted((a, b) => b[order] - a[order] || b.members - a.members || (a.name < b.name ? -1 : 1)).slice(0, SHOWN_ROOMS);
    const top = Math.max(1e-9, ...sorted.map((room) => room[order]));
    this.#rows.show(sorted.map((room) => ({ ...room, part: room[order] / top })), (room) => room.name);
    $("rooms-empty").hidden = sorted.length > 0;
  }
}

function roomRow(name, onChoose) {
  const made = row("", "", "");
  const choose = element("button", "room-name", name);
  choose.type = "button";
  choose.title = `Watch ${name}`;
  choose.addEventListener("click", () => onChoose(name));
  made.cells[0].append(choose, element("span", "bar-line"));
  return made;
}

function fillRoom(tr, { members, messages, deliveries, part }) {
  tr.querySelector(".bar-line").style.width = `${100 * part}%`;
  fill(tr, compact(members), rate(messages), rate(deliveries));
}

/** Nodes shows who belongs to the cluster, and how each node is. */
export class Nodes {
  #rows = new Rows($("nodes"), nodeRow, fillNode);

  show(view) {
    const nodes = nodesOf(view);
    this.#rows.show(nodes, (node) => node.id);
    const lost = nodes.filter((node) => node.lost).length;
    const alive = nodes.length - lost;
    setText($("nodes-note"), (alive > 1 ? `${alive} in the cluster` : "this one alone") + (lost > 0 ? `, ${lost} lost` : ""));
  }
}

function nodeRow(id) {
  const made = row("", "", "wide", "wide", "");
  made.cells[0].append(element("code", "", id), element("span", "here"));
  made.cells[5].append(element("span", "badge"));
  return made;
}

function fillNode(tr, { here, worker, clients, lag, busy, resident, level, word, why }) {
  const labels = [here ? "this node" : "", worker === undefined ? "" : `worker ${worker}`];
  setText(tr.querySelector(".here"), labels.filter(Boolean).join(", "));
  const known = (figure, text) => (figure === undefined || figure === null ? "–" : text(figure));
  setText(tr.cells[1], known(clients, count));
  setText(tr.cells[2], known(lag, time));
  setText(tr.cells[3], known(busy, share));
  setText(tr.cells[4], known(resident, bytes));
  const badge = tr.querySelector(".badge");
  setText(badge, word);
  mark(badge, level);
  badge.title = why;
}

/** Loops shows the event loops of the node that answers. */
export class Loops {
  #rows = new Rows($("loops"), loopRow, fillLoop);

  show(view) {
    const loops = view.nodes.find((node) => node.node === view.node)?.loops ?? [];
    this.#rows.show(loops, (loop) => loop.loop);
    $("loops-empty").hidden = loops.length > 0;
  }
}

function loopRow(number) {
  const made = row("", "", "", "load");
  made.cells[0].textContent = String(number);
  const meter = element("span", "meter");
  meter.append(element("span", "meter-part"));
  made.cells[4].append(meter, element("span", "load-text"));
  return made;
}

function fillLoop(tr, { clients, blocked, deliveriesPerSecond, lagSeconds, busy }) {
  setText(tr.cells[1], count(clients));
  tr.cells[1].title = blocked > 0 ? `${count(blocked)} of them with full sockets` : "";
  setText(tr.cells[2], rate(deliveriesPerSecond));
  setText(tr.cells[3], time(lagSeconds));
  mark(tr.cells[3], lagSeconds >= SLOW ? "warn" : "");
  const part = tr.querySelector(".meter-part");
  part.style.width = `${100 * (busy ?? 0)}%`;
  mark(part, busy >= BUSY ? "warn" : "");
  setText(tr.querySelector(".load-text"), busy === null ? "–" : share(busy));
}

/** Lately shows how often something has happened, by its words. */
export class Lately {
  #rows;
  #empty;

  constructor(id, words) {
    this.#rows = new Rows($(id), (reason) => latelyRow(words(reason)), fillLately);
    this.#empty = $(`${id}-empty`);
  }

  show(counts) {
    this.#rows.show(counts, ({ reason }) => reason);
    this.#empty.hidden = counts.length > 0;
  }
}

function latelyRow([title, hint]) {
  const made = row("", "", "");
  made.cells[0].append(element("span", "reason", title), element("span", "hint", hint));
  return made;
}

function fillLately(tr, { minute, fiveMinutes, total }) {
  fill(tr, compact(minute), compact(fiveMinutes), compact(total));
  tr.classList.toggle("quiet", fiveMinutes === 0);
}

/** newTables returns what shows all tables of an answer. */
export function newTables(onChoose) {
  const rooms = new Rooms(onChoose);
  const nodes = new Nodes();
  const loops = new Loops();
  const closed = new Lately("closed", closedWords);
  const refused = new Lately("refused", refusedWords);
  const troubles = new Lately("troubles", troubleWords);
  return (whole, view) => {
    rooms.show(whole.rooms);
    nodes.show(view);
    loops.show(view);
    closed.show(whole.closed);
    refused.show(whole.refused);
    troubles.show(whole.troubles);
    setText($("troubles-note"), whole.backlog >= NOTEWORTHY ? `${bytes(whole.backlog)} wait for slow readers` : "");
  };
}
