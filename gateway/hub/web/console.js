import { Demo } from './demo.js';
import { Heartbeat } from './heartbeat.js';
import { Hub } from './hub.js';
import { Listener } from './listener.js';
import { queue } from './queue.js';
import { retry } from './retry.js';
import { RoomListener, RoomVoice } from './room.js';
import { blocked } from './status.js';
import { idle, step } from './talk.js';
import { Talker } from './talker.js';
import { playTone } from './tones.js';

// silenceTime is how long the hub may say nothing while the visitor talks: it
// reports levels ten times a second then, so that this long means it is gone.
const silenceTime = 3000;

// muteTime is how long an open microphone may give nothing but zeros, in ms.
const muteTime = 2000;

// endings are the notices by which the hub says why it took the floor back.
const endings = new Set(['revoked', 'banned', 'preempted', 'silent', 'timed-out', 'redis', 'no-session', 'no-events', 'shutdown', 'paused']);

// Console is one visitor on one channel: it holds what the page knows (model) and
// runs the connections. It calls changed() after each change of the model, and
// log(text) with what is worth keeping.
export class Console {
  #hub;
  #demo;
  #element;
  #changed;
  #log;
  #floorQueue = queue();
  #talker;
  #listener = null;
  #context = null;
  #links = null;
  #wantsToTalk = false;
  #heardFrom = 0;
  #heartbeat = new Heartbeat();
  #confirmed = { listening: false, sending: false }; // what the hub has said of our sessions
  #pulse = null;
  #lifetime = new AbortController();

  constructor({ token, claims, channel, radios, element, microphone, changed, log }) {
    this.#talker = new Talker(microphone, (reason) => this.#talk({ type: 'lost', reason }));
    this.#hub = new Hub(token, channel);
    this.#demo = new Demo(this.#hub);
    this.#element = element;
    this.#changed = changed;
    this.#log = log;
    /** @type {import('./api').Model} */
    this.model = {
      signedIn: true, channel, me: claims.userId, manages: claims.manages, breaksIn: claims.breaksIn,
      hub: 'connecting', room: false, recall: 0, hubError: '', redis: true, retryAt: 0, skew: 0,
      holder: null, members: [], levels: {}, rights: null,
      joined: 'no', listenLink: 'off', talkLink: 'off', linkError: '', hears: undefined,
      microphone: 'none', microphoneError: '', microphoneSilent: false, elsewhere: false,
      talk: idle,
      radios: new Map(radios.map((radio) => [radio.userId, radio])),
    };
  }

  // run follows the channel until the token is refused; it then resolves to the reason.
  async run() {
    const { signal } = this.#lifetime;
    if (this.model.radios.size > 0) this.#watchRadios(signal);
    try {
      await retry((signal, up) => this.#hub.watch(
        signal,
        (type, data, began) => {
          if (type === 'state') up();
          this.#receive(type, data, began);
        },
        () => { this.#heardFrom = performance.now(); },
      ), { signal, onDown: (error, wait) => this.#hubAway(error, wait) });
    } catch (e) {
      this.leave();
      this.#lifetime.abort();
      return e.message;
    }
    return '';
  }

  // join starts the sound, and with talk the microphone. Call it from a click: a
  // browser lets a page sound only then.
  async join(talk) {
    const m = this.model;
    if (this.model.joined !== 'no') return;
    this.#context = new AudioContext();
    this.#context.resume();
    this.#set({ joined: 'joining', microphone: 'none' });
    if (talk) {
      try {
        await this.#talker.capture();
        m.microphone = 'up';
      } catch (e) {
        Object.assign(m, { microphone: 'failed', microphoneError: e.message });
        this.#log(e.message);
      }
      if (this.model.joined === 'no') {
        // Left while the browser was still asking.
        this.#talker.stop();
        return;
      }
    }
    this.#wantsToTalk = m.microphone === 'up';
    if (this.#wantsToTalk) this.#talker.meter(this.#context);
    this.#pulse = setInterval(() => this.#beat(), 100);
    this.#set({ joined: 'yes' });
    if (m.hub === 'up') this.#connect();
  }

  // leave ends sound and microphone; the channel stays in view.
  leave() {
    this.release();
    this.calm();
    this.#links?.abort();
    this.#links = null;
    this.#talker.stop();
    this.#context?.close();
    this.#context = null;
    this.#listener = null;
    clearInterval(this.#pulse);
    this.#set({ joined: 'no', listenLink: 'off', talkLink: 'off', microphone: 'none', hears: undefined, elsewhere: false, microphoneSilent: false });
  }

  // close leaves the channel and ends run.
  close() {
    this.leave();
    this.#lifetime.abort();
  }

  // takeOver has this page talk, and no other of the same member.
  takeOver() {
    this.#talker.takeOver();
    this.#set({ elsewhere: false });
    this.#connect();
  }

  // press asks for the floor, release gives it back.
  press() {
    this.#talk({ type: 'press', blocked: blocked(this.model) });
  }

  release() {
    this.#talk({ type: 'release' });
  }

  // alarm handles the emergency button. Held for its guard it begins an emergency, or
  // ends the visitor's own. One that was refused is done with when it is let go.
  alarm(held) {
    const { emergency, phase } = this.model.talk;
    if (held && emergency && (phase === 'requesting' || phase === 'talking')) this.calm();
    else if (held) this.#talk({ type: 'press', emergency: true, blocked: blocked(this.model) });
    else if (phase === 'denied' || phase === 'revoked') this.calm();
  }

  // calm ends an emergency of the visitor's.
  calm() {
    this.#talk({ type: 'release', emergency: true });
  }

  // pressRadio holds the PTT of a virtual radio down, or lets it up.
  pressRadio(name, down) {
    this.#demo.press(name, down).catch((e) => this.#log(`${name}: ${e.message}`));
  }

  // dialRadio has a virtual radio receive somebody who dials digits.
  dialRadio(name, digits) {
    this.#demo.dial(name, digits).catch((e) => this.#log(`${name}: ${e.message}`));
  }

  setRights(userId, allowed) {
    this.#hub.setRights(userId, allowed).catch((e) => this.#log(`Talk right of ${userId}: ${e.message}`));
  }

  #talk(event) {
    const [talk, effects] = step(this.model.talk, event);
    // The model comes first: an effect may raise the next event.
    this.model.talk = talk;
    if (effects.includes('open')) this.#heartbeat.start(this.#hub.release);
    else if (effects.includes('close')) this.#heartbeat.stop();
    for (const effect of effects) {
      if (effect === 'ask') this.#ask(talk);
      else if (effect === 'yield') this.#floorQueue(() => this.#hub.yieldFloor()).catch(() => {});
      else if (effect === 'open') this.#talker.open();
      else if (effect === 'close') this.#talker.close();
      else if (this.#context) playTone(this.#context, effect);
    }
    this.#changed();
  }

  async #ask({ request, emergency }) {
    try {
      const answer = await this.#floorQueue(() => this.#hub.requestFloor(emergency));
      this.#heardFrom = performance.now();
      if (answer.granted === true) this.#talk({ type: 'granted', request, epoch: answer.epoch });
      else this.#talk({ type: 'denied', request, reason: answer.reason, holder: answer.holder, answered: true });
    } catch (e) {
      this.#talk({ type: 'denied', request, reason: e.status ? e.message : 'hub', answered: false });
    }
  }

  #receive(type, data, began) {
    const m = this.model;
    if (type === 'state') this.#state(data, began);
    else if (type === 'levels') this.#set({ levels: m.holder ? data.levels : {} });
    else if (type === 'notice') {
      this.#log(data.text);
      if (data.userId === m.me && endings.has(data.kind)) this.#talk({ type: 'lost', reason: data.kind === 'paused' ? data.text : data.kind });
    }
  }

  #state(state, began) {
    const m = this.model;
    const me = state.members.find((member) => member.userId === m.me);
    if (m.hub !== 'up') {
      // The hub's clock dates the holder's grant. HTTP gives it in whole seconds,
      // hence the tolerance.
      const skew = began - Date.now();
      m.skew = Math.abs(skew) > 2000 ? skew : 0;
      m.hub = 'up';
      m.room = state.room === true;
      // A hub that was away may have forgotten our sessions: begin anew.
      if (m.joined === 'yes') this.#connect();
    }
    this.#watchSessions(me);
    if (!state.holder) m.levels = {};
    this.#listener?.hold?.(state.redis && state.holder?.userId || '');
    this.#set({ redis: state.redis, recall: state.recall ?? 0, holder: state.holder, members: state.members, rights: me?.rights ?? null });
    this.#talk({
      type: 'seen', redis: state.redis, mine: state.holder?.userId === m.me,
      epoch: state.holder?.epoch ?? 0, rights: me?.rights,
    });
  }

  // watchSessions gives up a session that the hub says is no more: a browser that slept, or
  // lost its network for a while, learns of it much later.
  #watchSessions(me) {
    for (const [link, name, session] of [['listenLink', 'listening', this.#listener], ['talkLink', 'sending', this.#talker]]) {
      const there = me?.[name] === true;
      if (this.#confirmed[name] && !there && this.model[link] === 'up' && !this.model.room) session?.lose('The hub lost the connection.');
      this.#confirmed[name] = there;
    }
  }

  #hubAway(error, wait) {
    if (this.model.hub === 'up') this.#log('The hub is away.');
    this.#set({
      hub: 'away', hubError: plain(error), retryAt: Date.now() + wait,
      holder: null, members: [], levels: {}, rights: null,
    });
    this.#confirmed = { listening: false, sending: false };
    this.#listener?.hold?.('');
    this.#talk({ type: 'lost', reason: 'hub' });
  }

  #connect() {
    this.#links?.abort();
    this.#links = new AbortController();
    const { signal } = this.#links;
    const { room, holder } = this.model;
    this.#listener = new (room ? RoomListener : Listener)(this.#element, this.#context);
    this.#listener.hold?.(holder?.userId ?? '');
    this.#keep('listenLink', this.#listener, signal);
    const voice = room ? new RoomVoice(this.#talker, this.#listener) : this.#talker;
    if (this.#wantsToTalk) this.#keep('talkLink', voice, signal);
  }

  #keep(link, session, signal) {
    const show = (change) => { if (!signal.aborted) this.#set(change); };
    show({ [link]: 'connecting' });
    session.run(this.#hub, this.model.channel, {
      signal,
      onUp: () => show({ [link]: 'up', ...(link === 'talkLink' && { elsewhere: false }) }),
      onDown: (error, wait) => {
        const elsewhere = link === 'talkLink' && error.status === 409;
        show({
          [link]: 'away', linkError: elsewhere ? 'You talk in another tab, or on another device.' : plain(error),
          retryAt: Date.now() + wait, ...(link === 'talkLink' && { elsewhere }),
        });
      },
    }).catch((e) => show({ [link]: 'away', linkError: e.message, retryAt: 0 }));
  }

  #watchRadios(signal) {
    const { radios } = this.model;
    this.#demo.watch({
      signal,
      onRadio: (radio) => {
        for (const known of radios.values()) if (known.name === radio.name) Object.assign(known, radio, { known: true });
        this.#changed();
      },
      onDown: () => {
        for (const radio of radios.values()) Object.assign(radio, { known: false, lamps: {}, level: undefined, pressed: false, radio: undefined });
        this.#changed();
      },
    }).catch(() => {});
  }

  // beat meters the sound and, while talking, checks that the hub is still there.
  #beat() {
    const m = this.model;
    if (this.#wantsToTalk) {
      // A system that muted the microphone may give it back.
      m.microphone = this.#talker.live ? 'up' : 'failed';
      m.microphoneError = 'The microphone is muted or gone. Unmute it, or leave and join again.';
    }
    m.microphoneSilent = m.talk.phase === 'talking' && this.#talker.silentFor(performance.now()) >= muteTime;
    if (m.talk.phase === 'talking' && performance.now() - this.#heardFrom > silenceTime) {
      this.#talk({ type: 'lost', reason: 'hub' });
    }
    this.#set({ hears: this.#listener?.level });
  }

  #set(change) {
    Object.assign(this.model, change);
    this.#changed();
  }
}

// plain turns the browser's words for a refused connection into the user's.
function plain(error) {
  return error instanceof TypeError ? 'It cannot be reached.' : error.message;
}
