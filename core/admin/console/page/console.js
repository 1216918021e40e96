// The console: it asks the server each second how it is, while somebody looks, and
// shows the answer.

import { look } from "./api.js";
import { attention } from "./attention.js";
import { age, count } from "./format.js";
import { askForKey, startKey } from "./key.js";
import { merge } from "./merge.js";
import { publishTo, startPublishing } from "./publish.js";
import { Rows, element, setText } from "./rows.js";
import { newTables } from "./tables.js";
import { Tiles } from "./tiles.js";
import { startViewer, watchRoom } from "./viewer.js";

const EVERY = 1_000; // ms
const LATE = 3_000; // ms after which an answer is said to be late

const $ = (id) => document.getElementById(id);

let began = false; // an answer has been shown
let answered = Date.now(); // when the last answer came
let problem = ""; // why there was none since
let locked = false; // until there is another key
let timer = 0;
let asked = 0; // when the question was asked to which the answer is awaited; 0 for none

const tiles = new Tiles($("tiles"));
const showTables = newTables((room) => {
  publishTo(room);
  watchRoom(room);
  $("viewer").scrollIntoView({ block: "nearest" });
});
const notes = new Rows($("attention"), (text) => element("li", "", text), (item, { level }) => (item.dataset.level = level));

async function poll() {
  if (asked || locked || document.hidden) return;
  clearTimeout(timer);
  asked = Date.now();
  try {
    show(await look(!began), Date.now());
    answered = Date.now();
    problem = "";
  } catch (error) {
    fail(error);
  }
  timer = setTimeout(poll, Math.max(0, EVERY - (Date.now() - asked)));
  asked = 0;
  showState();
}

function fail(error) {
  locked = error.status === 401;
  problem = error.status ? `${error.message}.` : "No answer from the server.";
  if (locked) askForKey();
}

function show(view, now) {
  const whole = merge(view);
  if (!began && view.nodes.length === 1) tiles.begin(view.moments ?? [], now);
  began = true;
  tiles.show(whole, view, now);
  showTables(whole, view);
  showAttention(view, whole);
  showWhere(view, whole);
  $("demo").hidden = !view.demo;
}

function showAttention(view, whole) {
  const found = attention(view, whole);
  if (found.length === 0) found.push({ level: "good", text: "Nothing needs attention." });
  showNotes(found);
}

const showNotes = (found) => notes.show(found, ({ text }) => text);

// showKnowledge has nothing claimed that is not known: that there is none of something,
// or that all is well.
function showKnowledge() {
  if (locked) showNotes([{ level: "warn", text: "Unknown: the server wants a key." }]);
  for (const empty of document.querySelectorAll("[data-none]")) {
    setText(empty, began && !locked ? empty.dataset.none : "Unknown.");
  }
}

function showWhere(view, { clients }) {
  const here = view.nodes.find((node) => node.node === view.node);
  setText($("where"), here ? `Node ${view.node}, up ${age(here.uptimeSeconds)}` : `Node ${view.node}`);
  document.title = `${count(clients)} connected · Gannet console`;
}

// showState says whether the figures are those of now, and how old they are if not.
function showState() {
  const late = asked > 0 && Date.now() - asked > LATE;
  showKnowledge();
  const state = locked ? "locked" : problem || late ? "stale" : began ? "live" : "waiting";
  document.body.dataset.state = state;
  setText($("live"), { locked: "Locked", stale: "Not live", live: "Live", waiting: "Connecting…" }[state]);
  $("banner").hidden = state !== "stale";
  const sentence = problem || "The server is late with its answer.";
  const old = age((Date.now() - answered) / 1000);
  setText($("banner"), state !== "stale" ? "" : began ? `${sentence} What you see is ${old} old.` : sentence);
}

startKey(() => {
  locked = false;
  problem = "";
  poll();
});
startPublishing();
startViewer();
document.addEventListener("visibilitychange", poll);
setInterval(showState, EVERY);
poll();
