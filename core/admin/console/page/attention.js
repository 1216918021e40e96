// What an operator should know at once, worst first, as sentences.

import { bytes, share, things } from "./format.js";
import { nodesOf } from "./nodes.js";
import { closedWords, refusedWords } from "./words.js";

const FULL = 0.9; // of the clients that are possible
const MUCH = 1_000_000; // bytes that wait
const GRAVE = new Set(["slow_consumer", "internal_error", "rate_limit"]);
const CAPACITY = new Set(["max_connections", "descriptors", "busy", "accept_rate", "max_handshakes", "tls_busy", "tls_halted", "per_address"]);

/** attention returns {level, text} for each thing that is not as it should be. */
export function attention(view, whole) {
  const found = [...ofCluster(view), ...ofNodes(view), ...ofClients(whole), ...ofLimits(whole)];
  return found.sort((a, b) => (a.level === b.level ? 0 : a.level === "bad" ? -1 : 1));
}

function ofCluster({ problem }) {
  return problem ? [{ level: "bad", text: `Other nodes could not be asked: ${problem}.` }] : [];
}

function ofNodes(view) {
  const notes = nodesOf(view)
    .filter((node) => node.level !== "good")
    .map(({ id, level, why }) => ({ level, text: `Node ${id}: ${why}.` }));
  for (const { node, clients, maxConnections } of view.nodes) {
    if (clients < FULL * maxConnections) continue;
    notes.push({ level: "warn", text: `Node ${node} holds ${share(clients / maxConnections)} of the clients that it can.` });
  }
  return notes;
}

function ofClients({ backlog, blocked, closed }) {
  const notes = [];
  if (backlog >= MUCH) {
    notes.push({ level: "warn", text: `${bytes(backlog)} wait for ${things(blocked, "client")} that read too slowly.` });
  }
  for (const { reason, minute } of closed) {
    if (minute === 0 || !GRAVE.has(reason)) continue;
    const [title, hint] = closedWords(reason);
    notes.push({ level: "warn", text: `${things(minute, "client")} closed in the last minute: ${title.toLowerCase()} (${hint}).` });
  }
  return notes;
}

function ofLimits({ refused, troubles }) {
  const notes = [];
  for (const { reason, minute } of refused) {
    if (minute === 0 || !CAPACITY.has(reason)) continue;
    const [title, hint] = refusedWords(reason);
    notes.push({ level: "warn", text: `${things(minute, "connection")} refused in the last minute: ${title.toLowerCase()} (${hint}).` });
  }
  const minutes = (name) => troubles.find(({ reason }) => reason === name)?.minute ?? 0;
  const note = (name, level, sentence) => minutes(name) > 0 && notes.push({ level, text: sentence(minutes(name)) });
  note("overloaded", "bad", (n) => `${things(n, "message")} refused in the last minute: an event loop's inbox was full (--max-inbox).`);
  note("acceptFailures", "bad", (n) => `${things(n, "accept")} failed in the last minute, mostly for want of descriptors or memory.`);
  note("busMissed", "bad", (n) => `${things(n, "message")} of other nodes went missing in the last minute.`);
  note("busFailed", "bad", (n) => `${things(n, "message")} did not go to other nodes in the last minute: the bus was away or full.`);
  note("busDropped", "bad", (n) => `${things(n, "message")} of other nodes dropped in the last minute for want of room (--redis-max-inbox, --max-inbox).`);
  note("busGaps", "warn", (n) => `Messages of other nodes may be missing: ${things(n, "gap")} in the last minute, as after a lost connection.`);
  note("busUnknown", "warn", (n) => `${things(n, "message")} may not have gone to other nodes in the last minute: Redis did not answer.`);
  note("panics", "bad", (n) => `${things(n, "handler")} panicked in the last minute: the log says which.`);
  note("skipped", "warn", (n) => `${things(n, "message")} skipped in the last minute for clients that read too slowly.`);
  return notes;
}
