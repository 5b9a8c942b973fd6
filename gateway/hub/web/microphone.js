const voice = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 };

// Microphone is the one that the browser gives this page, shared by all who talk through it:
// the visitor is asked once, and the system opens it once.
export class Microphone {
  /** @type {MediaStreamTrack[]} */
  #tracks = [];
  #opening = Promise.resolve();

  // open resolves to a track of its own for each caller, who stops it when done. It rejects
  // with a sentence for the user.
  open() {
    const opened = this.#opening.then(async () => {
      this.#tracks = this.#tracks.filter((track) => track.readyState === 'live');
      const track = this.#tracks[0]?.clone() ?? await capture();
      this.#tracks.push(track);
      return track;
    });
    this.#opening = opened.then(() => {}, () => {});
    return opened;
  }
}

async function capture() {
  if (!navigator.mediaDevices) {
    throw new Error('The browser gives its microphone only to pages from https or localhost. You can listen.');
  }
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: voice });
    return stream.getAudioTracks()[0];
  } catch (e) {
    throw new Error(problem(e.name), { cause: e });
  }
}

function problem(name) {
  switch (name) {
    case 'NotAllowedError':
      return 'The microphone is blocked. Allow it in the browser’s site settings, then join again. You can listen.';
    case 'NotFoundError':
      return 'No microphone was found. Plug one in, then join again. You can listen.';
    default:
      return 'The microphone cannot be opened; another program may have it. You can listen.';
  }
}
