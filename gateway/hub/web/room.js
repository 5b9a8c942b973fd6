import { retry } from './retry.js';
import { rms, floor } from './level.js';

// prime is how long a new stream may take to send its first packet, in ms.
const prime = 2000;

// client loads LiveKit's client, which only a page on LiveKit needs.
function client() {
  if (globalThis.LivekitClient) return Promise.resolve(globalThis.LivekitClient);
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = 'livekit-client.umd.js';
    script.addEventListener('load', () => {
      // It warns of silence, which is how the page publishes.
      globalThis.LivekitClient.setLogLevel('error');
      resolve(globalThis.LivekitClient);
    });
    script.addEventListener('error', () => reject(new Error('LiveKit’s client cannot be loaded.')));
    document.head.append(script);
  });
}

// RoomListener is a Listener on a LiveKit room, and keeps the page's one
// connection to it. LiveKit forwards whatever anybody sends; what is played is the
// holder of the floor alone, whom hold() names.
export class RoomListener {
  #context;
  #out;
  #analyser;
  #samples;
  #voices = new Map(); // identity to gain node
  #holder = '';
  #joined = null; // resolves to the present room
  #enter = null;

  constructor(element, context) {
    this.#context = context;
    this.#analyser = context.createAnalyser();
    this.#samples = new Float32Array(this.#analyser.fftSize);
    this.#out = context.createMediaStreamDestination();
    this.#analyser.connect(this.#out);
    element.srcObject = this.#out.stream;
    element.play().catch(() => {});
    this.#away();
  }

  get level() {
    if (!this.#holder) return floor;
    this.#analyser.getFloatTimeDomainData(this.#samples);
    return rms(this.#samples);
  }

  // room is a promise of the next connection, if there is none now.
  get room() {
    return this.#joined;
  }

  // hold says who has the floor, '' for nobody.
  hold(userId) {
    this.#holder = userId;
    for (const [identity, { gain }] of this.#voices) gain.gain.value = identity === userId ? 1 : 0;
  }

  run(hub, channel, { signal, onUp, onDown }) {
    return retry(async (signal, up) => {
      const { Room, RoomEvent, Track } = await client();
      const { url, token } = await hub.room(signal);
      // Its own attempts to reconnect would hide from the page that nobody hears it.
      // A stream that a guard withdraws must not take the microphone with it.
      const room = new Room({
        reconnectPolicy: { nextRetryDelayInMs: () => null },
        disconnectOnPageLeave: true,
        stopLocalTrackOnUnpublish: false,
      });
      const leave = () => room.disconnect(false);
      signal.addEventListener('abort', leave);
      try {
        const { ended } = watch(room);
        room.on(RoomEvent.TrackSubscribed, (track, _, member) => {
          if (track.kind === Track.Kind.Audio) this.#add(member.identity, track.mediaStreamTrack);
        });
        room.on(RoomEvent.TrackUnsubscribed, (_track, _, member) => this.#remove(member.identity));
        await room.connect(url, token, { maxRetries: 0 });
        if (signal.aborted) return;
        this.#enter(room);
        up();
        onUp();
        await ended;
      } finally {
        signal.removeEventListener('abort', leave);
        this.#away();
        await leave();
      }
    }, { signal, onDown });
  }

  #away() {
    for (const identity of [...this.#voices.keys()]) this.#remove(identity);
    this.#joined = new Promise((resolve) => { this.#enter = resolve; });
  }

  #add(identity, track) {
    this.#remove(identity);
    const stream = new MediaStream([track]);
    // Chromium gives a remote stream's sound to the graph only while an element
    // plays it.
    const pump = new Audio();
    pump.muted = true;
    pump.srcObject = stream;
    pump.play().catch(() => {});
    const source = this.#context.createMediaStreamSource(stream);
    const gain = this.#context.createGain();
    gain.gain.value = identity === this.#holder ? 1 : 0;
    source.connect(gain).connect(this.#analyser);
    this.#voices.set(identity, { source, gain, pump });
  }

  #remove(identity) {
    const voice = this.#voices.get(identity);
    if (!voice) return;
    voice.gain.disconnect();
    voice.source.disconnect();
    voice.pump.srcObject = null;
    this.#voices.delete(identity);
  }
}

// RoomVoice is what a Talker says, on the room that a RoomListener keeps.
export class RoomVoice {
  #talker;
  #listener;

  constructor(talker, listener) {
    this.#talker = talker;
    this.#listener = listener;
  }

  run(hub, channel, { signal, onUp, onDown }) {
    return retry(async (signal, up) => {
      const room = await Promise.race([this.#listener.room, aborted(signal)]);
      const connection = watch(room, 'localTrackUnpublished');
      try {
        await Promise.race([permitted(room), connection.ended, aborted(signal)]);
        await this.#talker.publish(async (microphone) => {
          const published = await room.localParticipant.publishTrack(microphone, { dtx: false, red: false, source: 'microphone' });
          const { sender } = published.track;
          // To LiveKit a stream begins with its first packet, here of silence:
          // the others are to have it before the first word.
          await sending(sender);
          // A guard may mute the stream while it has not heard of the floor.
          return { sender, ready: () => { if (published.isMuted) published.unmute(); } };
        });
        up();
        onUp();
        await connection.ended;
      } finally {
        connection.forget();
        this.#talker.unpublish();
      }
    }, { signal, onDown });
  }
}

// watch has a promise, ended, that rejects once a room is left or in doubt, or one
// of more happens.
function watch(room, ...more) {
  const events = ['disconnected', 'reconnecting', 'signalReconnecting', ...more];
  let lost;
  const ended = new Promise((_, reject) => { lost = () => reject(new Error('The connection to LiveKit was lost.')); });
  ended.catch(() => {});
  for (const event of events) room.on(event, lost);
  return { ended, forget: () => { for (const event of events) room.off(event, lost); } };
}

// permitted waits until the server lets the page publish.
function permitted(room) {
  return new Promise((resolve) => {
    const check = () => {
      if (room.localParticipant.permissions?.canPublish === false) return;
      room.off('participantPermissionsChanged', check);
      resolve();
    };
    room.on('participantPermissionsChanged', check);
    check();
  });
}

// sending waits until a sender has sent.
async function sending(sender) {
  for (const began = performance.now(); performance.now() - began < prime;) {
    for (const s of (await sender.getStats()).values()) if (s.type === 'outbound-rtp' && s.packetsSent > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function aborted(signal) {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
