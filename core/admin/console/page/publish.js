// The panel that publishes a message and says whom it has reached.

import { publish } from "./api.js";
import { things } from "./format.js";

const WORDS = { room: "Room", userId: "User id", clientId: "Client id", "": "Name" };

const $ = (id) => document.getElementById(id);

export function startPublishing() {
  $("publish-to").addEventListener("change", showName);
  $("publish").addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  showName();
}

/** publishTo fills in a room. */
export function publishTo(room) {
  $("publish-to").value = "room";
  $("publish-name").value = room;
  showName();
}

// showName asks for a name where there is one to give.
function showName() {
  const kind = $("publish-to").value;
  $("publish-name").disabled = kind === "";
  $("publish-name-word").textContent = WORDS[kind];
}

async function send() {
  const data = readData();
  if (data.problem) return show(data.problem, "bad");
  const kind = $("publish-to").value;
  const message = { type: $("publish-type").value, action: $("publish-action").value, ...data };
  show("Publishing…", "");
  try {
    const receivers = await publish(kind ? { [kind]: $("publish-name").value } : {}, message);
    show(sentence(receivers), receivers > 0 ? "good" : "");
  } catch (error) {
    show(error.status ? `${error.message}.` : "The server has not answered: it may have been published or not.", "bad");
  }
}

// readData reads the data, of which there need be none.
function readData() {
  const text = $("publish-data").value.trim();
  if (!text) return {};
  try {
    return { data: JSON.parse(text) };
  } catch (error) {
    return { problem: `The data are no JSON: ${error.message}.` };
  }
}

function sentence(receivers) {
  if (receivers === 0) return "Published. Nobody on this node is addressed.";
  return `Published to ${things(receivers, "client")} of this node.`;
}

function show(text, level) {
  $("publish-result").textContent = text;
  $("publish-result").dataset.level = level;
}
