import { clock } from './status.js';

// facts lists what there is to say of a radio, as { name, text, is }: is tells how it
// looks, one of rest, good, busy, air, alert. radio is a port's RadioStatus (GET /status
// has it), recent says what was just counted: { clipped, limited }. What the port has not
// is not in the list.
export function facts(radio, recent = {}) {
  const { squelch, transmitter, microphone, talk } = radio;
  return [
    ...(squelch ? ofSquelch(squelch) : []),
    ...(transmitter ? ofTransmitter(transmitter) : []),
    ...ofTalk(talk),
    ...ofMicrophone(microphone, recent),
  ];
}

function ofSquelch({ line, state, chatters, ignored }) {
  const looks = { closed: 'rest', opening: 'busy', open: 'good', held: 'busy', deaf: 'rest', looped: 'alert' };
  const text = state === 'looped' ? 'not listened to: a loop' : state;
  const list = [{ name: line === 'COR' ? 'Squelch' : line, text, is: looks[state] }];
  if (chatters) list.push({ name: 'Chatter', text: `${ignored} ignored`, is: 'alert' });
  return list;
}

function ofTransmitter({ keyed, cooling, waitingS, lostS, identDue, fault }) {
  const list = [{ name: 'Transmitter', ...keying(keyed, cooling, waitingS) }];
  if (lostS > 0) list.push({ name: 'Not sent', text: clock(lostS * 1000), is: 'alert' });
  if (identDue) list.push({ name: 'Ident', text: 'due', is: 'busy' });
  if (fault) list.push({ name: 'Fault', text: fault.replace('_', ' '), is: 'alert' });
  return list;
}

function keying(keyed, cooling, waitingS) {
  if (keyed) return { text: 'keyed', is: 'air' };
  if (cooling) return { text: 'cooling down', is: 'alert' };
  if (waitingS > 0) return { text: `waits with ${waitingS} s`, is: 'busy' };
  return { text: 'off', is: 'rest' };
}

// soon is from how many seconds before a cut it looks urgent.
const soon = 5;

function ofTalk({ leftS, budgetLeftS, budgetAgainS, penaltyLeftS, place, locked, pauses }) {
  const list = [];
  if (leftS != null) list.push({ name: 'Cut in', text: clock(leftS * 1000), is: leftS > soon ? 'good' : 'alert' });
  if (penaltyLeftS > 0) list.push({ name: 'Penalty', text: clock(penaltyLeftS * 1000), is: 'alert' });
  if (budgetAgainS > 0) list.push({ name: 'Talk budget', text: `again in ${clock(budgetAgainS * 1000)}`, is: 'alert' });
  else if (budgetLeftS != null) list.push({ name: 'Talk budget', text: clock(budgetLeftS * 1000), is: budgetLeftS > soon ? 'rest' : 'alert' });
  if (place > 0) list.push({ name: 'Queue', text: `number ${place}`, is: 'busy' });
  if (locked) list.push({ name: 'Talking', text: 'locked by DTMF', is: 'alert' });
  if (pauses) list.push({ name: 'DTX', text: 'pause', is: 'rest' });
  return list;
}

function ofMicrophone({ gateOpen, agcDB, limited }, recent) {
  const list = [];
  if (gateOpen === false) list.push({ name: 'Gate', text: 'shut', is: 'rest' });
  if (agcDB != null) list.push({ name: 'AGC', text: `${agcDB > 0 ? '+' : ''}${agcDB} dB`.replace('-', '−'), is: 'rest' });
  if (limited != null && recent.limited) list.push({ name: 'Limiter', text: 'turns down', is: 'busy' });
  if (recent.clipped) list.push({ name: 'Clip', text: 'at the card', is: 'alert' });
  return list;
}

// marked is how long a mark stays, in ms.
const marked = 2000;

// Mark is lit for a while after a count has grown.
export class Mark {
  #count;
  #until = -Infinity;

  lit(count, now) {
    if (count > this.#count) this.#until = now + marked;
    this.#count = count ?? this.#count;
    return now < this.#until;
  }
}
