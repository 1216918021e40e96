// The question for the key, and the button with which it is forgotten.

import { canBeKey, forgetKey, hasKey, keepKey } from "./api.js";

const $ = (id) => document.getElementById(id);

/** startKey calls onChange when there is another key, or none. */
export function startKey(onChange) {
  $("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const key = $("key-input").value.trim();
    if (!canBeKey(key)) return refuse();
    keepKey(key);
    $("key-input").value = "";
    $("key").close();
    showButton();
    onChange();
  });
  $("key-button").addEventListener("click", () => {
    if (!hasKey()) return askForKey();
    forgetKey();
    showButton();
    onChange();
  });
  showButton();
}

/** askForKey asks for a key; one that was sent was not the right one. */
export function askForKey() {
  if ($("key").open) return;
  $("key-problem").textContent = "";
  if (hasKey()) refuse();
  forgetKey();
  $("key-button").hidden = false;
  $("key-button").textContent = "Enter key";
  $("key").showModal();
}

function refuse() {
  $("key-problem").textContent = "The server does not accept this key.";
}

function showButton() {
  $("key-button").hidden = !hasKey();
  $("key-button").textContent = hasKey() ? "Forget key" : "Enter key";
}
