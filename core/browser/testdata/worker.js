// A place without a document, which lacks even what workers have, and whose
// sockets, like those of Node, tell an error and no more when they do not open.
self.addEventListener = self.removeEventListener = self.reportError = undefined;
self.WebSocket = class extends WebSocket {
  set onclose(handler) {
    let opened = false;
    this.addEventListener("open", () => (opened = true));
    super.onclose = (event) => opened && handler(event);
  }
};

const { GannetClient } = await import("/gannet.js");
const addresses = new URL(location.href).searchParams.getAll("socket");
const client = new GannetClient(() => addresses.shift(), { minDelay: 1, maxDelay: 5 });
const told = [];
console.error = (error) => told.push(error.message);
client.on("reconnecting", ({ error }) => told.push(error.message));
client.on("connected", () => {
  throw new Error("a handler fails");
});
client.connect();
const { success } = await client.join("general");
client.close();
postMessage({ success, told });
