import { queue } from './queue.js';
import { retry } from './retry.js';

// demoConfig returns what the demo offers its visitor, or null on a real hub.
export async function demoConfig() {
  const response = await fetch('demo/config', { cache: 'no-store' });
  return response.ok ? response.json() : null;
}

// Demo is the virtual radios beside the hub.
export class Demo {
  #hub;
  #queues = new Map();

  constructor(hub) {
    this.#hub = hub;
  }

  // watch follows the radios until signal aborts: onRadio(radio) for each change,
  // onDown() when their state is not known any more.
  watch({ signal, onRadio, onDown }) {
    return retry((signal, up) => this.#hub.stream('demo/radios/events', signal, (type, data) => {
      up();
      if (type === 'radio') onRadio(data);
    }), { signal, onDown });
  }

  // press holds a radio's PTT down, or lets it up.
  press(name, down) {
    return this.#move(name, down ? 'press' : 'release');
  }

  // dial has a radio receive somebody who dials digits.
  dial(name, digits) {
    return this.#move(name, `dial/${encodeURIComponent(digits)}`);
  }

  #move(name, how) {
    if (!this.#queues.has(name)) this.#queues.set(name, queue());
    const path = `demo/radios/${encodeURIComponent(name)}/${how}`;
    return this.#queues.get(name)(() => this.#hub.call('POST', path, { keepalive: true }));
  }
}
