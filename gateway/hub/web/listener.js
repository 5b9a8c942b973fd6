import { openSession } from './session.js';
import { retry } from './retry.js';
import { rms, floor } from './level.js';

// Listener plays the channel into an audio element, over WHEP, and meters it.
export class Listener {
  #element;
  #context;
  #analyser = null;
  #samples = null;
  #session = null;

  // context must have been resumed by a click of the user's.
  constructor(element, context) {
    this.#element = element;
    this.#context = context;
  }

  // level is what is being heard, in dBFS.
  get level() {
    if (!this.#analyser) return floor;
    this.#analyser.getFloatTimeDomainData(this.#samples);
    return rms(this.#samples);
  }

  // run keeps the session up until signal aborts, telling onUp() and onDown(error, wait).
  run(hub, channel, { signal, onUp, onDown }) {
    const path = `whep/${encodeURIComponent(channel)}`;
    return retry(async (signal, up) => {
      const prepare = (pc) => pc.addTransceiver('audio', { direction: 'recvonly' });
      const session = await openSession(hub, path, prepare, signal);
      try {
        await this.#play(new MediaStream([session.pc.getReceivers()[0].track]));
        this.#session = session;
        up();
        onUp();
        await session.ended;
      } finally {
        this.#session = null;
        this.#silence();
        session.close();
      }
    }, { signal, onDown });
  }

  // lose gives the session up, whatever the browser still thinks of it.
  lose(reason) {
    this.#session?.lose(reason);
  }

  async #play(stream) {
    this.#element.srcObject = stream;
    this.#analyser = this.#context.createAnalyser();
    this.#samples = new Float32Array(this.#analyser.fftSize);
    this.#context.createMediaStreamSource(stream).connect(this.#analyser);
    await this.#element.play();
  }

  #silence() {
    this.#analyser?.disconnect();
    this.#analyser = null;
    this.#element.srcObject = null;
  }
}
