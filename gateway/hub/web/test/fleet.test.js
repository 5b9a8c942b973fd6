import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FleetModel } from '../fleetmodel.js';
import { ago, lampsOf, linkOf, matches, rank, summaryOf } from '../fleetstate.js';

const gateway = (change = {}) => ({
  id: 'north', name: 'North gate', group: 'gates', channel: 'yard', version: 'v1', live: true, seen: 1000, up: 60,
  onAir: true, summary: 'on air on channel yard', rights: true, xruns: 0, state: 'idle', mic: -50, speaker: -96, config: 0,
  lamps: { link: true, talk: false, busy: false, alert: false }, link: { up: true, rttMs: 12, in: { loss: 0.02, jitterMs: 1 } },
  ...change,
});

for (const [name, change, wantRank, wantStanding] of [
  ['one that is well', {}, 'well', 'on air'],
  ['one that is gone', { live: false }, 'gone', 'gone'],
  ['one that waits its turn', { state: 'waiting', why: 'the channel is in use; number 2 in the queue' }, 'well', 'the channel is in use; number 2 in the queue'],
  ['one that was stopped', { live: false, summary: 'stopped' }, 'gone', 'stopped'],
  ['a report that cannot be read', { error: 'torn' }, 'gone', 'its report cannot be read'],
  ['one without rights', { onAir: false, summary: 'on channel yard, waiting for talk rights' }, 'down', 'waiting for talk rights'],
  ['a loop that stands still', { stalled: ['capture'] }, 'down', 'stalled: capture'],
  ['heat', { celsius: 85 }, 'warning', '85 °C'],
  ['a weak supply', { throttled: ['under-voltage'] }, 'warning', 'under-voltage'],
  ['loss', { link: { up: true, rttMs: 1, in: { loss: 0.2, jitterMs: 1 } } }, 'warning', '20% lost in'],
  ['a configuration that was taken back', { configResult: 'rolled-back' }, 'warning', 'configuration rolled-back'],
  ['a talker', { lamps: { link: true, talk: true } }, 'well', 'talking'],
]) {
  test(name, () => {
    assert.equal(rank(gateway(change)), wantRank);
    assert.equal(summaryOf(gateway(change), null), wantStanding);
  });
}

test('the busy lamp follows what the hub hears, not the gateway’s last report', () => {
  assert.equal(lampsOf(gateway(), { userId: 'south' }).busy, true);
  assert.equal(lampsOf(gateway(), { userId: 'north' }).busy, false);
  assert.equal(lampsOf(gateway({ lamps: { busy: true } }), null).busy, false);
  assert.equal(lampsOf(gateway({ lamps: { busy: true } }), undefined).busy, true);
  assert.equal(lampsOf(gateway({ live: false }), { userId: 'south' }).busy, false);
});

test('who is heard on which channel', () => {
  const m = new FleetModel();
  const g = gateway({ monitor: ['gates', 'docks'] });
  const shown = (...holders) => {
    m.onOverview({ channels: holders.map(([id, userId]) => ({ id, holder: userId ? { userId, userName: '' } : null })), events: [] });
    return summaryOf(g, m.heard(g));
  };
  assert.equal(shown(['yard', null], ['gates', null]), 'on air');
  assert.equal(shown(['yard', 'south'], ['gates', 'east']), 'hears south');
  assert.equal(shown(['yard', 'north'], ['docks', 'west'], ['gates', 'east']), 'hears east on gates');
  assert.equal(shown(['elsewhere', 'south']), 'on air');
});

test('words for the columns', () => {
  assert.equal(linkOf(gateway()), '12 ms · 2.0%');
  assert.equal(linkOf(gateway({ link: { up: false } })), 'down');
  assert.equal(ago(0, 5000), 'never');
  assert.equal(ago(1000, 61000), '1 min');
  assert.equal(ago(5000, 1000), '0 s', 'a clock that runs behind');
  assert.ok(matches(gateway(), ['gate', 'yard']) && !matches(gateway(), ['gate', 'harbour']));
});

test('those that need somebody come first, and gate 2 before gate 10', () => {
  const m = new FleetModel();
  const some = ['10', '2', '1'].map((n) => gateway({ id: `g${n}`, name: `Gate ${n}` }));
  m.onGateways({ redis: true, gateways: [...some, gateway({ id: 'z', name: 'Z', live: false }), gateway({ id: 'y', name: 'Y', onAir: false })], gone: [] });
  assert.deepEqual(m.shown, ['z', 'y', 'g1', 'g2', 'g10']);
  m.onGateways({ redis: true, gateways: [gateway({ id: 'g2', name: 'Gate 2', celsius: 90 })], gone: ['y', 'unknown'] });
  assert.deepEqual(m.shown, ['z', 'g2', 'g1', 'g10']);
  assert.deepEqual(m.counts(), { all: 4, well: 3, talking: 0, warning: 1, down: 0, gone: 1 });
  m.choose('gone', '');
  assert.deepEqual(m.shown, ['z']);
  m.choose('all', 'GATE G1');
  assert.deepEqual(m.shown, ['g1', 'g10']);
});

test('news that change nothing of the order do not sort again', () => {
  const m = new FleetModel();
  m.onGateways({ redis: true, gateways: [gateway()], gone: [] });
  const order = m.shown;
  m.onGateways({ redis: true, gateways: [gateway({ mic: -3 })], gone: [] });
  assert.equal(m.shown, order);
  m.forget();
  assert.deepEqual(m.shown, []);
});
