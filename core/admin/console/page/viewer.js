// The panel that follows a room. What others have written is shown as text.

import { watch } from "./api.js";
import { bytes, count, things } from "./format.js";
import { element } from "./rows.js";

const SHOWN = 200; // messages
const AGAIN = 2_000; // ms until a stream that has ended is asked for again
const GIST = 200; // characters of a message that show before it is opened

const $ = (id) => document.getElementById(id);
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hour12: false });

let room = ""; // that is watched; empty for none
let ending = null; // ends the stream
let received = 0;
let skipped = 0;
let fresh = []; // messages that do not show yet, newest last

export function startViewer() {
  $("viewer-form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (room && $("viewer-room").value === room) stop();
    else watchRoom($("viewer-room").value);
  });
  $("viewer-room").addEventListener("input", showButton);
}

/** watchRoom shows what is published to the room from now on. */
export async function watchRoom(name) {
  stop();
  const stopping = new AbortController();
  room = name;
  ending = stopping;
  received = skipped = 0;
  $("viewer-room").value = name;
  $("viewer-log").replaceChildren();
  $("viewer-empty").hidden = false;
  showButton();
  while (await followOnce(name, stopping.signal)) await new Promise((resolve) => setTimeout(resolve, AGAIN));
}

function stop() {
  ending?.abort();
  room = "";
  fresh = [];
  say("");
  showButton();
}

// followOnce shows one stream until it ends, and tells whether to ask for another.
async function followOnce(name, signal) {
  if (signal.aborted) return false;
  try {
    await watch(name, signal, onEvent);
    if (!signal.aborted) say("The stream has ended: asking again…", "bad");
  } catch (error) {
    if (signal.aborted) return false;
    if (error.status && error.status !== 503) {
      stop();
      say(`${error.message}.`, "bad");
      return false;
    }
    say(`${error.status ? error.message : "No answer"}: asking again…`, "bad");
  }
  return !signal.aborted;
}

function onEvent(event, data) {
  switch (event) {
    case "open":
      return data.degraded ? say("Watching; messages of other nodes may be missing", "bad") : showCount();
    case "message":
      fresh.push(data);
      if (fresh.length === 1) requestAnimationFrame(showFresh);
      return;
    case "skipped":
      skipped += data.count;
      return showCount();
  }
}

// showFresh shows what has come since the last frame, of very much the newest.
function showFresh() {
  if (fresh.length === 0) return;
  received += fresh.length;
  $("viewer-log").prepend(...fresh.slice(-SHOWN).map(entry).reverse());
  fresh = [];
  while ($("viewer-log").childElementCount > SHOWN) $("viewer-log").lastElementChild.remove();
  $("viewer-empty").hidden = true;
  showCount();
}

function entry({ at, size, text, some }) {
  const { route, data } = read(text);
  const made = element("li");
  const details = element("details");
  const summary = element("summary");
  summary.append(element("time", "", clock.format(new Date(at))), element("b", "", route), element("span", "gist", data.slice(0, GIST)));
  const about = `${bytes(size)}${some ? ", for some members only" : ""}`;
  details.append(summary, element("p", "hint", about), element("pre", "", text));
  made.append(details);
  return made;
}

// read takes a message apart, if all of it is here.
function read(text) {
  try {
    const { type, action, data } = JSON.parse(text);
    return { route: `${type}.${action}`, data: data === undefined ? "" : JSON.stringify(data) };
  } catch {
    return { route: "", data: text };
  }
}

function showCount() {
  const missed = skipped > 0 ? `, ${count(skipped)} skipped` : "";
  say(`Watching: ${things(received, "message")}${missed}`, "good");
}

function say(text, level = "") {
  $("viewer-state").textContent = text;
  $("viewer-state").dataset.level = level;
}

function showButton() {
  $("viewer-button").textContent = room && $("viewer-room").value === room ? "Stop" : "Watch";
}
