import { Console } from './console.js';
import { Listener } from './listener.js';
import { Microphone } from './microphone.js';
import { blocked, explain } from './status.js';

// softer is how loud a channel is that is not selected while another is, of its volume.
const softer = 0.35;

// maxSelected bounds how many channels are selected. A browser opens six connections to a
// server that does not speak HTTP/2, and each selected channel keeps one for its events.
const [page] = /** @type {PerformanceNavigationTiming[]} */ (performance.getEntriesByType('navigation'));
const maxSelected = ['h2', 'h3'].includes(page?.nextHopProtocol) ? 16 : 4;

// Dispatch is the channels that a dispatcher listens to, and those selected to talk on.
export class Dispatch {
  #hub;
  #token;
  #claims;
  #changed;
  #say;
  #channels = new Map();
  #held = false;
  #microphone = new Microphone();

  // changed() is called after each change, say(text) with what the dispatcher is to know.
  constructor({ hub, token, claims, changed, say }) {
    this.#hub = hub;
    this.#token = token;
    this.#claims = claims;
    this.#changed = changed;
    this.#say = say;
  }

  // get returns what a channel is like: { listening, selected, muted, volume, sound }.
  get(name) {
    const { listening, position, muted, volume, sound } = this.#channels.get(name) ?? { volume: 1 };
    return { listening: Boolean(listening) || Boolean(position), selected: Boolean(position), muted: Boolean(muted), volume, sound: position?.model.listenLink ?? sound ?? 'off' };
  }

  // sound is the worst of the channels that are listened to, 'off' for none.
  get sound() {
    const all = [...this.#channels.keys()].map((name) => this.get(name)).filter((c) => c.listening).map((c) => c.sound);
    return ['away', 'connecting', 'up'].find((s) => all.includes(s)) ?? 'off';
  }

  // selected are the names of the channels that the talk key is for.
  get selected() {
    return [...this.#channels].filter(([, c]) => c.position).map(([name]) => name);
  }

  // talk is what the talk key does: { phase, text }.
  get talk() {
    const parts = [];
    let phase = 'idle';
    for (const [name, { position }] of this.#channels) {
      if (!position) continue;
      const m = position.model;
      const said = { requesting: 'asking', talking: m.microphoneSilent ? 'the microphone gives no sound' : 'on air', denied: explain(m.talk), revoked: explain(m.talk) }[m.talk.phase];
      if (m.talk.phase === 'talking') phase = 'talking';
      else if (phase === 'idle' && said) phase = m.talk.phase;
      const why = blocked(m);
      const wrong = m.microphone === 'failed' ? m.microphoneError : why && explain({ reason: why });
      parts.push(`${name}: ${said ?? (wrong || 'ready')}`);
    }
    return { phase, text: parts.join(' · ') || 'Select a channel, or several.' };
  }

  // listen plays a channel, or ends that. Call it from a click: a browser sounds only then.
  listen(name) {
    const c = this.#channel(name);
    if (c.position) this.select(name);
    else if (c.listening) this.#silence(c);
    else this.#play(name, c);
    this.#level();
  }

  // select adds a channel to those that the talk key is for, or takes it away; it is
  // listened to meanwhile. Call it from a click.
  select(name) {
    const c = this.#channel(name);
    if (c.position) {
      c.position.close();
      c.position = null;
    } else if (this.selected.length === maxSelected) {
      this.#say(`No more than ${maxSelected} channels can be selected at once.`);
    } else {
      this.#silence(c);
      const position = new Console({
        token: this.#token, claims: this.#claims, channel: name, radios: [],
        element: c.element, microphone: this.#microphone, changed: () => this.#changed(), log: (text) => this.#say(`${name}: ${text}`, true),
      });
      c.position = position;
      position.run().then((why) => { if (why && c.position === position) this.select(name); });
      position.join(true);
      if (this.#held) position.press();
    }
    this.#level();
  }

  mute(name) {
    const c = this.#channel(name);
    c.muted = !c.muted;
    this.#level();
  }

  // setVolume takes 0…1.
  setVolume(name, volume) {
    this.#channel(name).volume = volume;
    this.#level();
  }

  press() {
    this.#held = true;
    for (const { position } of this.#channels.values()) position?.press();
  }

  release() {
    this.#held = false;
    for (const { position } of this.#channels.values()) position?.release();
  }

  // stop ends all of it.
  stop() {
    this.release();
    for (const c of this.#channels.values()) {
      this.#silence(c);
      c.position?.close();
      c.position = null;
    }
  }

  #channel(name) {
    if (!this.#channels.has(name)) {
      this.#channels.set(name, { element: new Audio(), volume: 1, muted: false, listening: null, position: null, sound: 'off' });
    }
    return this.#channels.get(name);
  }

  #play(name, c) {
    const end = new AbortController();
    const context = new AudioContext();
    context.resume();
    const listening = { stop: () => { end.abort(); context.close(); } };
    c.listening = listening;
    c.sound = 'connecting';
    const set = (sound, error) => {
      if (c.listening !== listening) return;
      c.sound = sound;
      if (error) this.#say(`Listening on ${name}: ${error.message}`);
      this.#changed();
    };
    new Listener(c.element, context).run(this.#hub, name, {
      signal: end.signal, onUp: () => set('up'), onDown: (error) => set('away', error),
    }).catch((error) => set('away', error));
  }

  #silence(c) {
    c.listening?.stop();
    c.listening = null;
    c.sound = 'off';
  }

  // level makes selected channels louder than others.
  #level() {
    const some = this.selected.length > 0;
    for (const c of this.#channels.values()) {
      c.element.muted = c.muted;
      c.element.volume = c.volume * (some && !c.position ? softer : 1);
    }
    this.#changed();
  }
}
