// What all nodes are together.

const sum = (items, figure) => items.reduce((total, item) => total + figure(item), 0);
const most = (items, figure) => items.reduce((found, item) => Math.max(found, figure(item)), 0);

/** merge adds up the nodes of an answer. Of times the longest counts. */
export function merge({ nodes }) {
  return {
    clients: sum(nodes, (n) => n.clients),
    connections: sum(nodes, (n) => n.connections),
    maxConnections: sum(nodes, (n) => n.maxConnections),
    messagesIn: sum(nodes, (n) => n.messagesInPerSecond),
    published: sum(nodes, (n) => n.publishedPerSecond),
    deliveries: sum(nodes, (n) => n.deliveriesPerSecond),
    bytesIn: sum(nodes, (n) => n.bytesInPerSecond),
    bytesOut: sum(nodes, (n) => n.bytesOutPerSecond),
    backlog: sum(nodes, (n) => n.backlog),
    blocked: sum(nodes, (n) => n.blocked),
    resident: sum(nodes, (n) => n.memory.resident),
    heap: sum(nodes, (n) => n.memory.heap),
    lag: most(nodes, (n) => n.lagSeconds),
    fanout: slowest(nodes),
    rooms: mergeRooms(nodes),
    closed: mergeLately(nodes, (n) => n.closed),
    refused: mergeLately(nodes, (n) => n.refused),
    troubles: mergeLately(nodes, (n) => n.troubles),
  };
}

// slowest is the fan-out of the node where it takes longest.
function slowest(nodes) {
  const measured = nodes.map((n) => n.fanout).filter((f) => f.samples > 0);
  return measured.reduce((a, b) => (b.p99Seconds > a.p99Seconds ? b : a), measured[0] ?? null);
}

// A node with members of a room is sent all messages to it, so that of those the most
// counts, while members and deliveries add up.
function mergeRooms(nodes) {
  const rooms = new Map();
  for (const { topRooms } of nodes) {
    for (const { name, members, messagesPerSecond } of topRooms) {
      const room = rooms.get(name) ?? { name, members: 0, messages: 0, deliveries: 0 };
      room.members += members;
      room.messages = Math.max(room.messages, messagesPerSecond);
      room.deliveries += members * messagesPerSecond;
      rooms.set(name, room);
    }
  }
  return [...rooms.values()];
}

// mergeLately adds up what has happened, by reason: most of the last minutes first.
function mergeLately(nodes, figure) {
  const sums = new Map();
  for (const node of nodes) {
    for (const [reason, { minute, fiveMinutes, total }] of Object.entries(figure(node))) {
      const all = sums.get(reason) ?? { reason, minute: 0, fiveMinutes: 0, total: 0 };
      all.minute += minute;
      all.fiveMinutes += fiveMinutes;
      all.total += total;
      sums.set(reason, all);
    }
  }
  return [...sums.values()].sort((a, b) => b.fiveMinutes - a.fiveMinutes || b.total - a.total || a.reason.localeCompare(b.reason));
}
