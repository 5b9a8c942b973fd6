import { openSession } from './session.js';
import { mendLoss } from './redundancy.js';
import { retry } from './retry.js';

// Talker owns the microphone and the WHIP session that carries it.
//
// The microphone is captured once, because asking for it at each press would cost
// the first syllable; but outside open()…close() its track is disabled and not
// attached to the connection, two independent locks on the same door.
export class Talker {
  #onLost;
  #track = null;
  #sender = null;
  #ready = null;
  #session = null;
  #analyser = null;
  #samples = null;
  #soundAt = 0;
  #takeOver = false;

  #microphone;

  // onLost(reason) is called when talking has become impossible: 'microphone' or 'link'.
  constructor(microphone, onLost) {
    this.#microphone = microphone;
    this.#onLost = onLost;
  }

  // live says whether there is a microphone that has not been taken away.
  get live() {
    return this.#track?.readyState === 'live' && !this.#track.muted;
  }

  // silentFor is for how long an open microphone has given nothing but zeros, in ms. One
  // that works always has some noise.
  silentFor(now) {
    if (!this.#track?.enabled || !this.#analyser) this.#soundAt = now;
    else {
      this.#analyser.getFloatTimeDomainData(this.#samples);
      if (this.#samples.some((s) => s !== 0)) this.#soundAt = now;
    }
    return now - this.#soundAt;
  }

  // takeOver ends the session of another tab or device of this member with the next
  // attempt.
  takeOver() {
    this.#takeOver = true;
  }

  // lose gives the session up, whatever the browser still thinks of it.
  lose(reason) {
    this.#session?.lose(reason);
  }

  // capture asks for the microphone. It throws an Error with a sentence for the user.
  async capture() {
    this.#track = await this.#microphone.open();
    this.#track.enabled = false;
    this.#track.addEventListener('ended', () => this.#lost('microphone'));
    this.#track.addEventListener('mute', () => this.#lost('microphone'));
  }

  // meter has silentFor look at the microphone.
  meter(context) {
    this.#analyser = context.createAnalyser();
    this.#samples = new Float32Array(this.#analyser.fftSize);
    context.createMediaStreamSource(new MediaStream([this.#track])).connect(this.#analyser);
  }

  // run keeps the session up until signal aborts, telling onUp() and onDown(error, wait).
  run(hub, channel, { signal, onUp, onDown }) {
    const path = `whip/${encodeURIComponent(channel)}`;
    return retry(async (signal, up) => {
      const prepare = (pc) => pc.addTransceiver('audio', { direction: 'sendonly' });
      const session = await openSession(hub, path, prepare, signal, { takeOver: this.#takeOver });
      this.#takeOver = false;
      const over = new AbortController();
      try {
        this.#session = session;
        this.#sender = session.pc.getSenders()[0];
        mendLoss(this.#sender, over.signal);
        up();
        onUp();
        await session.ended;
      } finally {
        over.abort();
        this.#lost('link');
        this.#session = null;
        this.#sender = null;
        session.close();
      }
    }, { signal, onDown });
  }

  // publish has connect(track) make a way for the microphone, and keeps its
  // { sender }, shut until open(), which calls ready() first.
  async publish(connect) {
    const { sender, ready } = await connect(this.#track);
    this.#sender = sender;
    this.#ready = ready;
    this.close();
  }

  // unpublish gives the way up.
  unpublish() {
    this.#lost('link');
    this.#sender = null;
    this.#ready = null;
  }

  // open lets speech through.
  open() {
    if (!this.live || !this.#sender) {
      this.#lost(this.#sender ? 'microphone' : 'link');
      return;
    }
    this.#ready?.();
    this.#track.enabled = true;
    this.#sender.replaceTrack(this.#track).catch(() => this.#lost('link'));
  }

  // close stops it. The track falls silent before close returns; the connection
  // carries nothing at all as soon as the browser has detached it.
  close() {
    if (this.#track) this.#track.enabled = false;
    this.#sender?.replaceTrack(null).catch(() => {});
  }

  // stop gives the microphone back to the system.
  stop() {
    this.close();
    this.#track?.stop();
    this.#track = null;
    this.#analyser = null;
  }

  #lost(reason) {
    this.close();
    this.#onLost(reason);
  }
}
