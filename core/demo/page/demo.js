// The chat page: it joins the parts to each other and to the document.

import { GannetClient } from "/gannet.js";
import { curlCommand } from "./curl.js";
import { ROOMS, addressOf, currentName, guestAddress, remember, roomInAddress, suggestedName } from "./identity.js";
import { Log, element } from "./log.js";
import { OUTBOX_SIZE, Outbox } from "./outbox.js";
import { Status } from "./status.js";
import { Typing } from "./typing.js";

const MAX_TEXT = 2000; // bytes, as the server counts
const NEAR_END = 80; // pixels from the end at which the log follows new messages
const MEASURE_EVERY = 15_000; // ms

const $ = (id) => document.getElementById(id);

let name = "";
let room = "";
let cameBack = false;
let welcome = ""; // what to say when the room is joined

const client = new GannetClient(socketURL, { minDelay: 250, maxDelay: 20_000, maxAttempts: 12 });
const status = new Status($("status"), { text: $("status-text"), spoken: $("status-spoken"), retry: $("retry") });
const log = new Log($("log"));
const outbox = new Outbox($("outbox"), ({ room, text }) => client.request("chat", "send", { room, username: name, text }));
const typing = new Typing($("typing"), () => client.request("chat", "typing", { room, username: name }).catch(() => {}));
const online = () => client.status === "connected";

// The socket has a port of its own, which only the server knows.
async function socketURL() {
  const response = await fetch("config.json", { signal: AbortSignal.timeout(5_000) });
  const { port, path } = await response.json();
  const url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.hostname}:${port}${path}`;
  $("socket-url").textContent = url;
  return url;
}

// --- The way in ---

function begin() {
  name = currentName();
  if (name && roomInAddress()) return enter(roomInAddress());
  $("entry-name").value = name || suggestedName();
  $("entry-room").value = roomInAddress() || ROOMS[0];
  $("entry").hidden = false;
  $("entry-name").focus();
}

function enter(first) {
  $("entry").hidden = true;
  $("chat").hidden = false;
  rename(name);
  history.replaceState(null, "", addressOf(first));
  showRoom(first);
  joinRoom(`You joined ${first}`);
  client.connect();
  $("text").focus();
}

function rename(to) {
  name = to;
  remember(name);
  $("name").value = name;
  $("second").href = guestAddress(room, name);
}

// --- Rooms ---

function showRoom(next) {
  room = next;
  document.title = `${room} · Gannet`;
  $("room-name").textContent = room;
  $("curl").textContent = curlCommand(room);
  $("second").href = guestAddress(room, name);
  $("rooms").replaceChildren(...roomLinks());
  $("empty").hidden = false;
  log.clear();
  typing.clear();
  outbox.hold();
  outbox.show(room);
}

function roomLinks() {
  const names = ROOMS.includes(room) ? ROOMS : [...ROOMS, room];
  return names.map((each) => {
    const link = element("a", "room-link", each);
    link.href = addressOf(each);
    if (each === room) link.ariaCurrent = "page";
    return link;
  });
}

function changeRoom(next) {
  if (!next || next === room || !name) return;
  const left = room;
  showRoom(next);
  client.leave(left).catch(() => {}); // where nobody listens any more
  joinRoom(`You left ${left} and joined ${next}`);
}

function joinRoom(words) {
  welcome = words;
  client.join(room, { username: name }).catch(() => {}); // the events tell, of each connection
}

client.on("joined", ({ room: joined }) => {
  if (joined !== room) return;
  $("client-id").textContent = client.clientId;
  notice(welcome);
  outbox.release();
});

client.on("joinFailed", ({ room: refused, error }) => {
  if (refused === room && error.response) notice(`You cannot join ${room}: ${error.message}`);
});

// --- What the connection says ---

client.on("connecting", ({ attempt }) => status.show({ name: cameBack || attempt > 1 ? "reconnecting" : "connecting" }));
client.on("reconnecting", ({ delay }) => status.show({ name: "reconnecting", until: Date.now() + delay }));
client.on("failed", ({ error }) => status.show({ name: "offline", reason: error.message }));

client.on("connected", () => {
  status.show({ name: "online" });
  measure();
});

client.on("disconnected", () => {
  cameBack = true;
  welcome = `You are back in ${room}`;
  $("client-id").textContent = $("latency").textContent = "–";
  notice("The connection was lost: what others say now does not arrive");
  typing.clear();
  outbox.hold();
});

const here = (data) => (data?.room ?? room) === room;

client.on("chat", "message", (data) => here(data) && receive(data));
client.on("chat", "userTyping", (data) => here(data) && typing.started(data.clientId, String(data.username)));

async function measure() {
  if (!online()) return;
  const asked = performance.now();
  try {
    await client.request("system", "ping");
    $("latency").textContent = `${(performance.now() - asked).toFixed(1)} ms`;
  } catch {
    // The connection was lost: there is nothing to show.
  }
}

function notice(text) {
  const follow = isAtEnd();
  log.notice(text);
  if (follow) scrollToEnd();
}

// receive shows a message. One that a shell posts may have any form.
function receive(data) {
  const follow = isAtEnd();
  const sent = new Date(data.timestamp);
  log.message({
    name: String(data.username || "Somebody"),
    key: data.clientId,
    text: String(data.text),
    at: isNaN(sent) ? new Date() : sent,
    own: data.clientId === client.clientId,
    outside: !data.clientId,
  });
  typing.stopped(data.clientId);
  $("empty").hidden = true;
  if (follow) scrollToEnd();
  else $("newer").hidden = false;
}

function isAtEnd() {
  const { scrollHeight, scrollTop, clientHeight } = $("scroller");
  return scrollHeight - scrollTop - clientHeight < NEAR_END;
}

function scrollToEnd() {
  $("scroller").scrollTop = $("scroller").scrollHeight;
}

// --- Writing ---

const bytes = (text) => new TextEncoder().encode(text).length;

function send() {
  const text = $("text").value.trim();
  if (!text || $("send").disabled) return;
  $("text").value = "";
  outbox.add(text);
  typing.sent();
  scrollToEnd();
}

// showHint says what Send does now, and keeps it from losing a message.
function showHint() {
  const excess = bytes($("text").value.trim()) - MAX_TEXT;
  $("send").disabled = outbox.full || excess > 0;
  $("send").textContent = online() ? "Send" : "Queue";
  $("hint").classList.toggle("warning", $("send").disabled || !online());
  $("hint").textContent = hint(excess);
}

function hint(excess) {
  if (excess > 0) return `Too long by ${excess} bytes`;
  if (outbox.full) return `${OUTBOX_SIZE} messages wait: no more until they are sent`;
  if (!online()) return `Not connected: messages wait here (${outbox.size} of ${OUTBOX_SIZE})`;
  return "Enter sends, Shift + Enter begins a new line";
}

outbox.onChange = showHint;

// --- What the visitor does ---

function onSubmit(form, act) {
  $(form).addEventListener("submit", (event) => {
    event.preventDefault();
    act();
  });
}

onSubmit("entry-form", () => {
  name = $("entry-name").value.trim();
  const first = $("entry-room").value.trim();
  if (name && first) enter(first);
});

onSubmit("name-form", () => {
  const to = $("name").value.trim();
  if (!to || to === name) return;
  rename(to);
  notice(`You are ${name} now`);
});

onSubmit("room-form", () => {
  const next = $("room").value.trim();
  if (next) location.hash = addressOf(next);
  $("room").value = "";
});

onSubmit("composer", send);

addEventListener("hashchange", () => {
  if ($("panel").matches(":popover-open")) $("panel").hidePopover();
  changeRoom(roomInAddress());
});

$("text").addEventListener("input", () => {
  if (online() && $("text").value) typing.typed();
  showHint();
});

$("text").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  send();
});

$("scroller").addEventListener("scroll", () => {
  if (isAtEnd()) $("newer").hidden = true;
});

$("newer").addEventListener("click", scrollToEnd);
$("retry").addEventListener("click", () => client.connect());
addEventListener("online", () => $("chat").hidden || client.connect());
setInterval(measure, MEASURE_EVERY);

$("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText($("curl").textContent);
    $("copy").textContent = "Copied";
  } catch {
    getSelection().selectAllChildren($("curl"));
    $("copy").textContent = "Selected: copy it with the keyboard";
  }
  setTimeout(() => ($("copy").textContent = "Copy command"), 2_000);
});

// The panel is part of the page where there is room for it.
matchMedia("(min-width: 60rem)").addEventListener("change", () => {
  if ($("panel").matches(":popover-open")) $("panel").hidePopover();
});

begin();
