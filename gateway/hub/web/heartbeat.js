// period is how often the page says that it is alive, in ms.
const period = 100;

// Heartbeat has a worker give the floor back when the page hangs while it talks: a
// page that does not run cannot see its button let go.
export class Heartbeat {
  #worker = new Worker('heartbeatworker.js');
  #timer = null;

  // start begins to watch a talk spurt, for which release is { path, headers }: the DELETE
  // that ends it. path is relative to the page.
  start({ path, headers }) {
    this.stop();
    this.#worker.postMessage({ url: new URL(path, document.baseURI).href, headers });
    this.#timer = setInterval(() => this.#worker.postMessage('alive'), period);
  }

  // stop ends the watch.
  stop() {
    clearInterval(this.#timer);
    this.#worker.postMessage('stop');
  }
}
