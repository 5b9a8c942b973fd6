// What the page of a port says, derived from its /status.

import { ago } from './fleetstate.js';

// oldAfter is from which age on a status is old, in ms.
export const oldAfter = 3000;

// describe returns { phase, headline, detail, urgent } for the floor panel. s is the
// status, null before the first; problem is why there is no newer one, '' while there is.
// phase is one of old, off-air, talking, requesting, denied, busy, idle, connecting.
export function describe(s, problem) {
  if (problem) return say('old', s ? 'No answer from the port' : 'No answer', `${problem} ${s ? 'What you see is old.' : 'Trying again…'}`, true);
  if (!s) return say('connecting', 'Asking the port…', '');
  switch (s.state) {
    case 'talking': case 'draining': return s.emergency
      ? say('talking', 'Calls an emergency', 'All channels of the event hear this port.', true)
      : say('talking', 'Talking', `on ${s.channel}`);
    case 'requesting': return say('requesting', 'Asks for the floor', `on ${s.channel}`);
    case 'waiting': return say('requesting', 'Waits for the floor', sentence(s.why));
    case 'refused': return say('denied', 'May not talk', `${sentence(s.why)} Only a fresh press asks again.`, true);
  }
  if (!s.onAir) return say('off-air', 'Not on air', sentence(s.summary), true);
  if (s.emergency) return say('busy', `Emergency: ${holder(s)}`, 'talks to all channels of the event', true);
  if (s.lamps.busy) return say('busy', holder(s), `is talking on ${s.channel}`);
  return say('idle', 'Channel is free', `on air on ${s.channel}`);
}

// connections are what has to be there, as { name, text, is } for the health list.
export function connections(s) {
  if (!s.running) return ['Link', 'Redis', 'Talk right'].map((name) => ({ name, text: 'not tried', is: 'unknown' }));
  return [
    s.link ? up('Link') : { name: 'Link', text: s.linkFault ? s.linkFault.replaceAll('_', ' ') : 'down', is: 'away' },
    s.redis ? up('Redis') : { name: 'Redis', text: 'away', is: 'away' },
    s.rights ? up('Talk right', 'given') : { name: 'Talk right', text: s.redis ? 'none' : 'unknown', is: 'away' },
  ];
}

// faults are what is wrong and what to do about it, as { name, found, todo }.
export function faults(s) {
  return s.faults.map((f) => ({ name: upper(f.check), found: sentence(f.found), todo: f.do }));
}

// channels are those that can be chosen or are heard besides, as { name, text, is };
// none where there is only one.
export function channels(s) {
  const heard = new Map((s.channels ?? []).map((c) => [c.id, c]));
  return [...new Set([...(s.selector ?? []), ...heard.keys()])].map((id) => {
    const c = heard.get(id);
    const here = id === s.channel;
    const taken = c ? c.taken : here && s.lamps.busy;
    const says = [
      here && 'talks here',
      taken && `${c ? c.holderName || c.holder || 'somebody' : holder(s)} is talking`,
      c?.heard && 'heard now',
      !here && !c && 'on the selector',
      c && !here && !taken && !c.heard && 'listened to',
    ].filter(Boolean);
    return { name: id, text: says.join(', '), is: taken ? 'busy' : here ? 'good' : 'rest' };
  });
}

// lines are the inputs that are wired, as { name, text, is }.
export function lines(s) {
  return s.lines.map(({ name, active, says }) => ({ name: upper(name.replace(/^the /, '')), text: says, is: says === 'gone' ? 'alert' : active ? 'good' : 'rest' }));
}

// details are what is asked for by somebody on the telephone, as { name, text }.
export function details(s, now) {
  const { board, heard, talked } = s;
  return [
    ['ID', s.userId], ['Channel', s.channel || '–'], ['Summary', s.summary],
    ['Round trip', s.rttMs > 0 ? `${s.rttMs.toFixed(1)} ms` : 'not measured'],
    ['Against loss', s.copies > 0 ? `${s.copies} copies of each packet` : 'no copies needed'],
    ['Sent', `${talked.Sent} frames, ${talked.Unsent + talked.Skipped} lost`],
    ['Heard', `${heard.Played} packets, ${heard.Lost} lost, ${heard.Late} late`],
    ['Sound card', `${s.xruns} overruns and underruns`],
    ['Board', board.celsius === undefined ? 'no sensor' : `${board.celsius.toFixed(0)} °C`],
    ['Running for', ago(now - s.upS * 1000, now)], ['Version', s.version],
  ].map(([name, text]) => ({ name, text }));
}

function holder(s) {
  return s.holderName || s.holder || 'Somebody';
}

function up(name, text = 'up') {
  return { name, text, is: 'up' };
}

function upper(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function sentence(text) {
  return text ? `${upper(text)}.` : '';
}

function say(phase, headline, detail, urgent = false) {
  return { phase, headline, detail, urgent };
}
