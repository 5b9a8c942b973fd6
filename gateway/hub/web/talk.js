// The visitor's side of the floor, as a pure function: no clock, no I/O.
//
// Rules, proved by a walk of all reachable states in test/talk.test.js: the
// microphone is open exactly while talking; every request is denied or yielded;
// a release leads to idle from everywhere; and after a denial or a revocation
// only a fresh press asks again.

// idle is the state before the first press. request numbers the presses that
// asked; epoch is the grant's, and confirmed says that the channel's events have
// shown it too; reason says why the last press ended, in the words of status.js.
export const idle = Object.freeze({ phase: 'idle', request: 0, epoch: 0, confirmed: false, reason: '', holder: null });

// step takes a state and an event and returns [state, effects].
//
// Events:
//   {type:'press', blocked}    blocked says why the floor cannot even be asked for, '' when it can
//   {type:'release'}
//   {type:'granted', request, epoch}
//   {type:'denied', request, reason, holder, answered}
//   {type:'seen', redis, mine, epoch, rights}    what the hub says of the channel; rights undefined: nothing
//   {type:'lost', reason}
//
// Effects: 'ask' and 'yield' go to the hub, in this order; 'open' and 'close'
// are the microphone's; 'permit', 'deny', 'revoked' and 'released' are tones.
export function step(talk, event) {
  const current = talk.phase === 'requesting' && event.request === talk.request;
  switch (event.type) {
    case 'press':
      if (talk.phase !== 'idle') return [talk, []];
      if (event.blocked) return [{ ...talk, phase: 'denied', reason: event.blocked }, ['deny']];
      return [{ ...talk, phase: 'requesting', request: talk.request + 1 }, ['ask']];

    case 'release': {
      const effects = { requesting: ['yield'], talking: ['close', 'yield', 'released'] };
      return [{ ...idle, request: talk.request }, effects[talk.phase] ?? []];
    }

    // An answer to an earlier press needs nothing: the release that ended that
    // press has queued its yield behind it.
    case 'granted':
      if (!current) return [talk, []];
      return [{ ...talk, phase: 'talking', epoch: event.epoch }, ['open', 'permit']];

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

// seen compares a grant with what the channel's events say. They travel on another
// connection: what they said before the grant does not contradict it.
function seen(talk, { redis, mine, epoch, rights }) {
  if (talk.phase !== 'talking') return [talk, []];
  if (!redis) return lost(talk, 'redis');
  if (rights === false || rights === null) return lost(talk, 'revoked');
  if (mine && epoch === talk.epoch) return [{ ...talk, confirmed: true }, []];
  if (talk.confirmed || epoch > talk.epoch) return lost(talk, 'ended');
  return [talk, []];
}

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
