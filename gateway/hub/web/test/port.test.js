import assert from 'node:assert/strict';
import { test } from 'node:test';
import { channels, connections, describe, faults, lines } from '../portstate.js';

const well = {
  channel: 'gates', userId: 'north', running: true, onAir: true, summary: 'on air on channel gates', state: 'idle', faults: [], lines: [],
  redis: true, link: true, rights: true, lamps: { busy: false },
};
const said = (change, problem = '') => {
  const { phase, headline, detail, urgent } = describe({ ...well, ...change }, problem);
  return `${phase}: ${headline} | ${detail}${urgent ? ' !' : ''}`;
};

for (const [change, want] of [
  [{}, 'idle: Channel is free | on air on gates'],
  [{ state: 'requesting' }, 'requesting: Asks for the floor | on gates'],
  [{ state: 'waiting', why: 'the channel is in use by South; number 2 in the queue' }, 'requesting: Waits for the floor | The channel is in use by South; number 2 in the queue.'],
  [{ state: 'talking' }, 'talking: Talking | on gates'],
  [{ state: 'draining' }, 'talking: Talking | on gates'],
  [{ state: 'talking', emergency: true }, 'talking: Calls an emergency | All channels of the event hear this port. !'],
  [{ state: 'refused', why: 'banned', onAir: false }, 'denied: May not talk | Banned. Only a fresh press asks again. !'],
  [{ onAir: false, summary: 'waiting for hardware: no card' }, 'off-air: Not on air | Waiting for hardware: no card. !'],
  [{ lamps: { busy: true }, holder: 's', holderName: 'South' }, 'busy: South | is talking on gates'],
  [{ lamps: { busy: true } }, 'busy: Somebody | is talking on gates'],
  [{ lamps: { busy: true }, emergency: true, holder: 's' }, 'busy: Emergency: s | talks to all channels of the event !'],
]) test(JSON.stringify(change), () => assert.equal(said(change), want));

test('what does not answer is old, whatever it said', () => {
  assert.equal(said({ state: 'talking' }, 'It cannot be reached.'), 'old: No answer from the port | It cannot be reached. What you see is old. !');
  assert.equal(describe(null, 'It cannot be reached.').detail, 'It cannot be reached. Trying again…');
  assert.equal(describe(null, '').phase, 'connecting');
});

const pairs = (list) => list.map(({ name, text, is }) => `${name}: ${text} (${is})`);

test('connections', () => {
  assert.deepEqual(pairs(connections(well)), ['Link: up (up)', 'Redis: up (up)', 'Talk right: given (up)']);
  assert.deepEqual(pairs(connections({ ...well, link: false, linkFault: 'token_refused', redis: false, rights: false })),
    ['Link: token refused (away)', 'Redis: away (away)', 'Talk right: unknown (away)']);
  assert.deepEqual(pairs(connections({ ...well, running: false })), ['Link: not tried (unknown)', 'Redis: not tried (unknown)', 'Talk right: not tried (unknown)']);
});

test('channels of a port with one are not listed', () => assert.deepEqual(channels(well), []));

test('channels of selector and monitor are listed once each', () => assert.deepEqual(pairs(channels({
  ...well, selector: ['gates', 'yards'],
  channels: [{ id: 'gates', talk: true, heard: false, taken: false }, { id: 'yards', heard: true, taken: true, holder: 's', holderName: 'South' }, { id: 'docks', heard: false, taken: false }],
})), ['gates: talks here (good)', 'yards: South is talking, heard now (busy)', 'docks: listened to (rest)']));

test('a selector alone', () => assert.deepEqual(pairs(channels({ ...well, selector: ['gates', 'yards'], channel: '' })),
  ['gates: on the selector (rest)', 'yards: on the selector (rest)']));

test('lines and faults', () => {
  assert.deepEqual(pairs(lines({ lines: [{ name: 'the emergency button', active: true, says: 'held' }, { name: 'COR', active: false, says: 'gone' }] })),
    ['Emergency button: held (good)', 'COR: gone (alert)']);
  assert.deepEqual(faults({ faults: [{ check: 'link', found: 'the token has expired', do: 'have another made' }] }),
    [{ name: 'Link', found: 'The token has expired.', todo: 'have another made' }]);
});
