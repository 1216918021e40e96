// The figures of the moment, each with the last five minutes.

import { bytes, count, rate, things, time } from "./format.js";
import { element, setText } from "./rows.js";
import { Spark } from "./spark.js";

const TILES = [
  { id: "connected", label: "Connected", value: (w) => w.clients, text: count, note: connectedNote, past: (m) => m.clients },
  { id: "in", label: "From clients", unit: "/s", value: (w) => w.messagesIn, text: rate, note: (w) => `${bytes(w.bytesIn)}/s in`, past: (m) => m.messagesInPerSecond },
  { id: "published", label: "Published", unit: "/s", value: (w) => w.published, text: rate, note: () => "by clients and applications", past: (m) => m.publishedPerSecond },
  { id: "deliveries", label: "Deliveries", unit: "/s", value: (w) => w.deliveries, text: rate, note: (w) => `${bytes(w.bytesOut)}/s out`, past: (m) => m.deliveriesPerSecond },
  { id: "fanout", label: "Fan-out, p99", value: (w) => w.fanout?.p99Seconds ?? null, text: time, note: fanoutNote },
  { id: "lag", label: "Event loop lag", value: (w) => w.lag, text: time, note: () => "of the slowest loop", past: (m) => m.lagSeconds },
  { id: "memory", label: "Memory", value: (w) => w.resident, text: bytes, note: (w) => `${bytes(w.heap)} of it heap` },
];

function connectedNote(whole, view) {
  const room = `${count(whole.maxConnections)} possible`;
  if (view.nodes.length > 1) return `on ${things(view.nodes.length, "node")}, ${room}`;
  const [node] = view.nodes;
  return node ? `${things(node.users, "user")}, ${things(node.rooms, "room")}, ${room}` : "";
}

function fanoutNote({ fanout }) {
  if (!fanout) return "nothing published to many in the last minute";
  return `half within ${time(fanout.p50Seconds)}, ${things(fanout.samples, "sample")}`;
}

export class Tiles {
  #tiles;

  constructor(parent) {
    this.#tiles = TILES.map((tile) => ({ ...tile, ...make(parent, tile) }));
  }

  /** begin fills the charts with what a node alone knows of its past. */
  begin(moments, now) {
    for (const { past, spark } of this.#tiles) {
      if (!past) continue;
      for (const moment of moments) spark.add(now - 1000 * moment.ageSeconds, past(moment));
    }
  }

  show(whole, view, now) {
    for (const { value, text, unit = "", note, figure, unitText, noteText, peak, spark } of this.#tiles) {
      const current = value(whole);
      setText(figure, current === null ? "–" : text(current));
      setText(unitText, current === null ? "" : unit);
      setText(noteText, note(whole, view));
      if (current !== null) spark.add(now, current);
      spark.draw(now);
      setText(peak, spark.peak > 0 ? `peak ${text(spark.peak)}` : "");
    }
  }
}

function make(parent, { id, label }) {
  const tile = element("div", "tile");
  tile.id = `tile-${id}`;
  const figure = element("span", "figure", "–");
  const unitText = element("span", "unit");
  const value = element("p", "tile-value");
  value.append(figure, unitText);
  const noteText = element("p", "note");
  const peak = element("p", "peak");
  tile.append(element("h2", "tile-label", label), value, noteText, peak);
  parent.append(tile);
  return { figure, unitText, noteText, peak, spark: new Spark(tile) };
}
