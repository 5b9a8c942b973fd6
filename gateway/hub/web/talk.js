// The visitor's side of the floor, as a pure function: no clock, no I/O.
//
// Rules, proved by a walk of all reachable states in test/talk.test.js: the
// microphone is open exactly while talking; every request is denied or yielded;
// a release leads to idle from everywhere; and after a denial or a revocation
// only a fresh press asks again.

// idle is the state before the first press. request numbers the presses that
// asked; epoch is that of the grant; reason and holder say why the last press
// ended, in the words of status.js. held is the epoch the channel's events showed
// last, 0 for an idle floor, and shown the highest that they showed to be ours.
// emergency says that the press is for all channels of the event, by a button of its
// own: it takes the place of whatever there is, and the talk button does not end it.
/** @type {Readonly<import('./api').Talk>} */
export const idle = Object.freeze({
  phase: 'idle', request: 0, epoch: 0, reason: '', holder: null, held: 0, shown: 0, emergency: false,
});

// step takes a state and an event and returns [state, effects].
//
// Events:
//   {type:'press', blocked, emergency}    blocked says why the floor cannot even be asked for, '' when it can
//   {type:'release', emergency}
//   {type:'granted', request, epoch}
//   {type:'denied', request, reason, holder, answered}
//   {type:'seen', redis, mine, epoch, rights}    what the hub says of the channel; rights undefined: nothing
//   {type:'lost', reason}
//
// Effects: 'ask' and 'yield' go to the hub, in this order; 'open' and 'close'
// are the microphone's; 'permit', 'deny', 'revoked' and 'released' are tones.
/**
 * @param {import('./api').Talk} talk
 * @param {any} event
 * @returns {[import('./api').Talk, string[]]}
 */
export function step(talk, event) {
  const current = talk.phase === 'requesting' && event.request === talk.request;
  switch (event.type) {
    case 'press':
      if (event.emergency) return alarm(talk, event);
      if (talk.emergency && over.has(talk.phase)) return step({ ...talk, ...nothing }, event);
      if (talk.phase !== 'idle') return [talk, []];
      if (event.blocked) return [{ ...talk, phase: 'denied', reason: event.blocked }, ['deny']];
      return [{ ...talk, phase: 'requesting', request: talk.request + 1 }, ['ask']];

    case 'release': {
      if (Boolean(event.emergency) !== talk.emergency) return [talk, []];
      const effects = { requesting: ['yield'], talking: ['close', 'yield', 'released'] };
      return [{ ...talk, ...nothing }, effects[talk.phase] ?? []];
    }

    // An answer to an earlier press needs nothing: the release that ended that
    // press has queued its yield behind it.
    case 'granted': {
      if (!current) return [talk, []];
      /** @type {import('./api').Talk} */
      const granted = { ...talk, phase: 'talking', epoch: event.epoch };
      return ended(granted) ? lost(talk, 'ended') : [granted, ['open', 'permit']];
    }

    case 'denied':
      if (!current) return [talk, []];
      return [
        { ...talk, phase: 'denied', reason: event.reason, holder: event.holder ?? null },
        event.answered ? ['deny'] : ['yield', 'deny'],
      ];

    case 'seen':
      return seen(talk, event);

    case 'lost':
      return lost(talk, event.reason);

    default:
      throw new Error(`unknown event ${event.type}`);
  }
}

/** @type {Pick<import('./api').Talk, 'phase' | 'epoch' | 'reason' | 'holder' | 'emergency'>} */
const nothing = Object.freeze({ phase: 'idle', epoch: 0, reason: '', holder: null, emergency: false });
const over = new Set(['denied', 'revoked']);

/**
 * @param {import('./api').Talk} talk
 * @returns {[import('./api').Talk, string[]]}
 */
function alarm(talk, { blocked }) {
  if (talk.emergency && !over.has(talk.phase)) return [talk, []];
  const effects = { requesting: ['yield'], talking: ['close', 'yield'] }[talk.phase] ?? [];
  const begun = { ...talk, ...nothing, emergency: true };
  if (blocked) return [{ ...begun, phase: 'denied', reason: blocked }, [...effects, 'deny']];
  return [{ ...begun, phase: 'requesting', request: talk.request + 1 }, [...effects, 'ask']];
}

/**
 * @param {import('./api').Talk} talk
 * @returns {[import('./api').Talk, string[]]}
 */
function seen(talk, { redis, mine, epoch, rights }) {
  const now = { ...talk, held: epoch, shown: mine ? Math.max(talk.shown, epoch) : talk.shown };
  if (talk.phase !== 'talking') return [now, []];
  if (!redis) return lost(now, 'redis');
  if (rights === false || rights === null) return lost(now, 'revoked');
  return ended(now) ? lost(now, 'ended') : [now, []];
}

// ended says whether the channel's events have shown that a grant has ended. They
// travel on another connection than the grant itself: an event that shows it not
// yet does not contradict it, and one that shows it may come first.
function ended({ epoch, held, shown }) {
  return held !== epoch && (shown === epoch || held > epoch);
}

/**
 * @param {import('./api').Talk} talk
 * @returns {[import('./api').Talk, string[]]}
 */
function lost(talk, reason) {
  switch (talk.phase) {
    case 'talking':
      return [{ ...talk, phase: 'revoked', reason }, ['close', 'yield', 'revoked']];
    case 'requesting':
      return [{ ...talk, phase: 'denied', reason }, ['yield', 'deny']];
    case 'revoked':
      // That it ended may be known before why.
      return [talk.reason === 'ended' ? { ...talk, reason } : talk, []];
    default:
      return [talk, []];
  }
}
