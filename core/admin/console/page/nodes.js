// The nodes of an answer, those that are missing in it and those that have been lost
// among them, and how each is.

import { age, things, time } from "./format.js";

/** SLOW is the lag from which a node is said to be slow, in seconds. */
export const SLOW = 0.1;

/** nodesOf returns the nodes in the order of their ids, with a level and a word. */
export function nodesOf(view) {
  const nodes = view.nodes.map((figures) => ({
    id: figures.node,
    here: figures.node === view.node,
    worker: figures.worker?.number,
    clients: figures.clients,
    lag: figures.lagSeconds,
    busy: busiest(figures.loops),
    resident: figures.memory.resident,
    ...judge(figures),
  }));
  for (const id of silent(view)) {
    const known = view.known.find((n) => n.node === id);
    nodes.push({ id, here: id === view.node, clients: known?.clients, level: "bad", word: "no answer", why: lastSeen(known) });
  }
  for (const node of lostOf(view)) {
    nodes.push({ id: node.node, lost: true, level: "bad", word: "lost", why: howLost(node) });
  }
  return nodes.sort((a, b) => (a.id < b.id ? -1 : 1));
}

// silent are those that should have answered, and those that have shown a sign of
// life and have not.
function silent(view) {
  const answered = new Set(view.nodes.map((n) => n.node));
  const ids = new Set([...view.missing, ...view.known.map((n) => n.node)]);
  const lost = new Set(lostOf(view).map((n) => n.node));
  return [...ids].filter((id) => !answered.has(id) && !lost.has(id));
}

// lostOf are those that went without saying so, and neither answer nor show a sign of
// life.
function lostOf(view) {
  const here = new Set([...view.nodes, ...view.known].map((n) => n.node));
  return view.lost.filter((n) => !here.has(n.node));
}

function busiest(loops) {
  const known = loops.map((l) => l.busy).filter((busy) => busy !== null);
  return known.length > 0 ? Math.max(...known) : null;
}

// judge says how a node is. A server that is not healthy says itself why.
function judge({ status, problem, lagSeconds }) {
  if (status === "degraded") return { level: "bad", word: "degraded", why: problem };
  if (status !== "healthy") return { level: "warn", word: status, why: `it is ${status}` };
  if (lagSeconds >= SLOW) return { level: "warn", word: "slow", why: `an event loop keeps everything waiting for ${time(lagSeconds)}` };
  return { level: "good", word: "ok", why: "" };
}

function lastSeen(known) {
  if (!known) return "it has not answered within a second";
  return `it has not answered within a second; its last sign of life was ${ago(known.lastSeen)}`;
}

const howLost = ({ lostAt, clients }) => `lost ${ago(lostAt)} without a word, it had ${things(clients, "client")}`;

const ago = (moment) => `${age(Math.max(0, (Date.now() - Date.parse(moment)) / 1000))} ago`;
