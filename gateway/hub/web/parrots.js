// askTime is how long a gateway may take to answer, in ms: longer than the hub waits for it.
const askTime = 30000;

// Parrots has gateways send a tone to their hub and back, and keeps what came of it.
export class Parrots {
  #said = new Map(); // gateway → what came of the last one
  #asking = new Set();

  // said is what came of the last one of a gateway, '' for none.
  said(id) { return this.#said.get(id) ?? ''; }

  asking(id) { return this.#asking.has(id); }

  // ask resolves to what came of it, in words: how the tone came back, or why it did not.
  async ask(hub, id) {
    this.#asking.add(id);
    this.#said.delete(id);
    let text;
    try {
      text = heard(await (await hub.call('POST', `api/gateways/${encodeURIComponent(id)}/parrot`, { within: askTime })).json());
    } catch (e) {
      text = e.message;
    }
    this.#asking.delete(id);
    this.#said.set(id, text);
    return text;
  }
}

function heard({ echo: { delayMs, levelDB, sent, heard: back } }) {
  const level = `${levelDB < 0 ? '−' : '+'}${Math.abs(levelDB).toFixed(1)}`;
  return `back after ${delayMs.toFixed(0)} ms, ${level} dB, ${sent - back} of ${sent} packets lost`;
}
