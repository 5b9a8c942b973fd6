// What the page says, derived from what it knows.

const reasons = {
  busy: 'Somebody else has the floor.',
  'no-rights': 'You have no talk right on this channel.',
  revoked: 'Your talk right was taken away.',
  banned: 'You are banned from talking.',
  preempted: 'Somebody with priority took the floor.',
  'timed-out': 'You talked for as long as one may.',
  silent: 'Nothing came from your microphone.',
  ended: 'The hub ended it.',
  redis: 'Redis is away, so nobody can be given the floor.',
  hub: 'The hub does not answer.',
  shutdown: 'The hub is shutting down.',
  microphone: 'The microphone is not available.',
  link: 'The audio connection is down.',
  'no-session': 'The audio connection is down.',
  'no-events': 'The connection to the hub was interrupted.',
};

// explain puts the reason of a denial or a revocation, mostly the hub's, into words.
/** @param {{reason: string, holder?: import('./api').Holder | null}} ended */
export function explain({ reason, holder }) {
  if (reason === 'busy' && holder) return `${holder.userName || holder.userId} has the floor.`;
  return reasons[reason] ?? reason;
}

// blocked says why the floor cannot be asked for, '' when it can. Rights and a
// busy channel are left to the hub to judge: it may know better by now.
export function blocked(m) {
  if (m.hub !== 'up') return 'hub';
  if (!m.redis) return 'redis';
  if (m.microphone !== 'up') return 'microphone';
  if (m.talkLink !== 'up') return 'link';
  return '';
}

// describe returns { phase, headline, detail, urgent } for the floor panel; phase
// is one of signed-out, hub-away, connecting, talking, requesting, denied, revoked,
// redis-away, busy, idle.
export function describe(m) {
  if (!m.signedIn) return say('signed-out', 'Not signed in', 'An access token opens a channel.');
  if (m.hub === 'away') return say('hub-away', 'Hub is away', `${m.hubError} ${again(m.retryIn)}`, true);
  if (m.hub === 'connecting') return say('connecting', 'Connecting…', 'Waiting for the channel’s state.');
  switch (m.talk.phase) {
    case 'talking':
      if (m.microphoneSilent) return say('talking', m.talk.emergency ? 'Emergency: you are not heard' : 'You are not heard', 'Your microphone gives no sound at all. Is it plugged in, is it muted?', true);
      return m.talk.emergency
      ? say('talking', 'Emergency: you are on air', 'All channels of the event hear you. Hold Emergency for two seconds to end it.', true)
      : say('talking', 'You are on air', 'Let go to give the floor back.');
    case 'requesting': return say('requesting', 'Asking for the floor…', 'Speak after the rising tone.');
    case 'denied': return say('denied', 'Denied', `${explain(m.talk)} Let go, then press again.`, true);
    // Only a pause is told in the hub's own words, with who paused.
    case 'revoked': return m.talk.reason in reasons
      ? say('revoked', 'Cut off', `${explain(m.talk)} Your microphone is closed.`, true)
      : say('revoked', 'Paused', `${m.talk.reason}. Your microphone is closed.`, true);
  }
  if (!m.redis) return say('redis-away', 'Redis is away', 'Nobody can be given the floor until it is back.', true);
  if (m.holder?.userId === m.me) return say('busy', 'Giving the floor back…', 'The hub still has you down as its holder.');
  if (m.holder?.emergency) {
    return say('busy', `Emergency: ${m.holder.userName || m.holder.userId}`, 'talks to all channels of the event', true);
  }
  if (m.holder) return say('busy', m.holder.userName || m.holder.userId, 'is talking');
  return say('idle', 'Channel is free', invitation(m));
}

function invitation(m) {
  if (m.joined === 'no') return 'Join to hear it and to talk.';
  if (m.joined === 'joining') return 'Joining…';
  if (m.listenLink === 'away') return `No sound: ${m.linkError} ${again(m.retryIn)}`;
  if (m.listenLink !== 'up') return 'Connecting the sound…';
  if (m.microphone === 'none') return 'You are listening.';
  if (m.microphone === 'failed') return m.microphoneError;
  if (m.elsewhere) return `${m.linkError} Talk here instead, or listen.`;
  if (m.talkLink === 'away') return `You cannot talk: ${m.linkError} ${again(m.retryIn)}`;
  if (m.talkLink !== 'up') return 'Connecting the microphone…';
  if (m.rights === false) return 'You may listen; your talk right was taken away.';
  if (m.rights == null) return 'Your talk right is not known yet.';
  return 'Hold the button, or the space bar, to talk.';
}

// talkLabel is what the talk button says.
export function talkLabel(phase, m) {
  const labels = { talking: 'On air', requesting: 'Wait…', denied: 'Denied', revoked: 'Cut off' };
  if (labels[phase]) return labels[phase];
  if (blocked(m)) return 'Not ready';
  if (m.rights === false) return 'No talk right';
  if (phase === 'busy') return m.breaksIn ? 'Hold to break in' : 'Busy';
  return 'Hold to talk';
}

// activity says what a member is doing, for its strip.
export function activity(member, holder) {
  if (!member) return 'not connected';
  if (holder && holder.userId === member.userId) return 'on air';
  if (member.rights === false) return 'no talk right';
  if (member.rights == null) return 'talk right unknown';
  return member.listening ? 'listening' : 'not listening';
}

// clock formats a duration in ms as m:ss.
export function clock(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

function again(seconds) {
  return seconds > 0 ? `Next try in ${seconds}\u00a0s.` : 'Trying again…';
}

function say(phase, headline, detail, urgent = false) {
  return { phase, headline, detail, urgent };
}
