import assert from 'node:assert/strict';
import { test } from 'node:test';
import { facts, Mark } from '../radiofacts.js';

const handheld = {
  microphone: { dBFS: -96, clipped: 0, gateOpen: null, agcDB: null, limited: null },
  talk: { leftS: null, budgetLeftS: null, penaltyLeftS: 0, place: 0, locked: null, pauses: false },
};
const repeater = {
  microphone: { dBFS: -20, clipped: 0, gateOpen: true, agcDB: -3, limited: 0 },
  squelch: { line: 'COR', open: false, state: 'closed', chatters: false, ignored: 0 },
  transmitter: { keyed: false, cooling: false, waitingS: 0, lostS: 0, identDue: false },
  talk: { leftS: null, budgetLeftS: 150, penaltyLeftS: 0, place: 0, locked: false, pauses: false },
};
const words = (radio, recent) => facts(radio, recent).map(({ name, text, is }) => `${name}: ${text} (${is})`);
const changed = (part, change) => words({ ...repeater, [part]: { ...repeater[part], ...change } });

test('what a port has not is not shown', () => assert.deepEqual(words(handheld), []));

test('a repeater at rest', () => assert.deepEqual(words(repeater),
  ['Squelch: closed (rest)', 'Transmitter: off (rest)', 'Talk budget: 2:30 (rest)', 'AGC: −3 dB (rest)']));

for (const [part, change, shown] of [
  ['squelch', { state: 'open' }, 'Squelch: open (good)'],
  ['squelch', { state: 'held' }, 'Squelch: held (busy)'],
  ['squelch', { state: 'opening' }, 'Squelch: opening (busy)'],
  ['squelch', { state: 'deaf' }, 'Squelch: deaf (rest)'],
  ['squelch', { state: 'looped' }, 'Squelch: not listened to: a loop (alert)'],
  ['squelch', { line: 'VOX', state: 'open' }, 'VOX: open (good)'],
  ['squelch', { line: 'CTCSS 88.5 Hz' }, 'CTCSS 88.5 Hz: closed (rest)'],
  ['squelch', { chatters: true, ignored: 7 }, 'Chatter: 7 ignored (alert)'],
  ['transmitter', { keyed: true, waitingS: 3 }, 'Transmitter: keyed (air)'],
  ['transmitter', { waitingS: 3 }, 'Transmitter: waits with 3 s (busy)'],
  ['transmitter', { cooling: true }, 'Transmitter: cooling down (alert)'],
  ['transmitter', { lostS: 65 }, 'Not sent: 1:05 (alert)'],
  ['transmitter', { identDue: true }, 'Ident: due (busy)'],
  ['transmitter', { fault: 'not_keyed' }, 'Fault: not keyed (alert)'],
  ['talk', { leftS: 28 }, 'Cut in: 0:28 (good)'],
  ['talk', { leftS: 0 }, 'Cut in: 0:00 (alert)'],
  ['talk', { penaltyLeftS: 4 }, 'Penalty: 0:04 (alert)'],
  ['talk', { budgetLeftS: 0 }, 'Talk budget: 0:00 (alert)'],
  ['talk', { budgetLeftS: 0, budgetAgainS: 130 }, 'Talk budget: again in 2:10 (alert)'],
  ['talk', { place: 2 }, 'Queue: number 2 (busy)'],
  ['talk', { locked: true }, 'Talking: locked by DTMF (alert)'],
  ['talk', { pauses: true }, 'DTX: pause (rest)'],
  ['microphone', { gateOpen: false }, 'Gate: shut (rest)'],
  ['microphone', { agcDB: 6 }, 'AGC: +6 dB (rest)'],
]) test(`${part} ${JSON.stringify(change)}`, () => assert.ok(changed(part, change).includes(shown), changed(part, change).join(', ')));

test('clips and the limiter show while they are recent', () => {
  assert.deepEqual(words(repeater, { clipped: true, limited: true }).slice(-2), ['Limiter: turns down (busy)', 'Clip: at the card (alert)']);
  assert.deepEqual(words(handheld, { clipped: true, limited: true }), ['Clip: at the card (alert)']);
});

test('a mark is lit for two seconds after its count has grown', () => {
  const mark = new Mark();
  assert.deepEqual([[7, 0], [7, 10], [8, 20], [8, 2019], [8, 2020], [undefined, 2030], [8, 2040], [9, 2050]].map(([count, now]) => mark.lit(count, now)),
    [false, false, true, true, false, false, false, true]);
});
