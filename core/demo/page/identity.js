// Who the visitor is and where. The room stands in the address (#room=general),
// so that it can be shared and walked back from. The name belongs to the tab;
// the last one used is what a new tab suggests. An address with a name too
// (#room=general&name=Fulmar) enters at once: that is how a second tab opens.

const BIRDS = ["Fulmar", "Kittiwake", "Petrel", "Puffin", "Razorbill", "Shearwater", "Skua", "Tern"];
const KEY = "gannet-demo-name";

export const ROOMS = ["general", "lookout", "roost"];

const params = () => new URLSearchParams(location.hash.slice(1));

export const roomInAddress = () => (params().get("room") ?? "").trim();

export const addressOf = (room) => "#" + new URLSearchParams({ room });

/** guestAddress is where a second tab meets this one, under another name. */
export function guestAddress(room, name) {
  const others = BIRDS.filter((bird) => bird !== name);
  const guest = others[Math.floor(Math.random() * others.length)];
  return "#" + new URLSearchParams({ room, name: guest });
}

/** currentName is the name to enter with, empty if the visitor has to choose. */
export const currentName = () => params().get("name")?.trim() || stored("sessionStorage") || "";

export const suggestedName = () => stored("localStorage") || BIRDS[Math.floor(Math.random() * BIRDS.length)];

/** remember keeps the name for this tab, and for later ones. */
export function remember(name) {
  for (const storage of ["sessionStorage", "localStorage"]) {
    try {
      window[storage].setItem(KEY, name);
    } catch {
      // Storage is turned off: the name lasts as long as the page.
    }
  }
}

function stored(storage) {
  try {
    return window[storage].getItem(KEY);
  } catch {
    return null;
  }
}
