import assert from 'node:assert/strict';
import { test } from 'node:test';
import { floor, rms, toScale } from '../level.js';
import { queue } from '../queue.js';
import { delays, Final, pause, retry, wait } from '../retry.js';
import { idle } from '../talk.js';
import { blocked, clock, describe, explain, activity, talkLabel } from '../status.js';
import { readClaims } from '../token.js';

const jwt = (claims) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;

test('pauses grow to half a minute and are spread by a fifth', () => {
  for (const [failures, delay] of [...delays.entries(), [99, 30000]]) {
    assert.equal(pause(failures, () => 0), delay);
    assert.equal(pause(failures, () => 1), delay * 0.8);
  }
});

test('retry pauses longer after each failure, and anew once it was through', async () => {
  const stop = new AbortController();
  const told = [];
  let attempts = 0;
  await retry(async (signal, up) => {
    if (++attempts === 4) up();
    if (attempts === 6) stop.abort();
    throw new Error(`failure ${attempts}`);
  }, { signal: stop.signal, onDown: (e, ms) => told.push([e.message, Math.ceil(ms / 1000)]), sleep: async () => {} });
  assert.deepEqual(told, [['failure 1', 1], ['failure 2', 2], ['failure 3', 4], ['failure 4', 1], ['failure 5', 2]]);
});

test('retry waits as long as it is told to, and gives up on what is final', async () => {
  const told = [];
  const errors = [Object.assign(new Error('busy'), { retryAfter: 7000 }), new Final('expired')];
  await assert.rejects(retry(async () => { throw errors.shift(); }, {
    signal: new AbortController().signal, onDown: (e, ms) => told.push(ms), sleep: async () => {},
  }), Final);
  assert.deepEqual(told, [7000]);
});

test('a wait ends early when it is aborted', async () => {
  const stop = new AbortController();
  const waiting = wait(1e6, stop.signal);
  stop.abort();
  await waiting;
  await wait(1e6, stop.signal);
});

test('a queue keeps the order, past failures too', async () => {
  const run = queue();
  const order = [];
  let goOn;
  const first = run(() => new Promise((resolve) => { goOn = resolve; }).then(() => { order.push(1); throw new Error('no'); }));
  const second = run(() => order.push(2));
  await Promise.resolve();
  goOn();
  await assert.rejects(first);
  await second;
  assert.deepEqual(order, [1, 2]);
});

test('levels', () => {
  assert.equal(toScale(0), 1);
  assert.equal(toScale(-30), 0.5);
  for (const silent of [floor, -200, -Infinity, NaN, undefined, null, '-3']) assert.equal(toScale(silent), 0);
  assert.equal(toScale(12), 1);
  assert.equal(rms(new Float32Array(8)), floor);
  assert.ok(Math.abs(rms(Float32Array.from({ length: 480 }, (_, i) => Math.sin(i * Math.PI / 24))) + 3.01) < 0.01);
});

test('claims are read, and what is not a token is told apart', () => {
  assert.deepEqual(readClaims(jwt({ userId: 'u', userName: 'Åse', eventRole: 'DISPATCH', channelIds: ['a', 3] })),
    { userId: 'u', userName: 'Åse', channels: ['a'], manages: true, breaksIn: true });
  assert.deepEqual(readClaims(jwt({ userId: 'u', role: 'GENERAL' })),
    { userId: 'u', userName: 'u', channels: [], manages: false, breaksIn: false });
  for (const [roles, manages, breaksIn] of [
    [{ globalRole: 'ADMIN', role: 'GENERAL' }, true, false],
    [{ role: 'DISPATCH', eventRole: 'GENERAL' }, false, false],
    [{ role: 'DISPATCH' }, true, true],
  ]) {
    const claims = readClaims(jwt({ userId: 'u', ...roles }));
    assert.deepEqual([claims.manages, claims.breaksIn], [manages, breaksIn], JSON.stringify(roles));
  }
  assert.throws(() => readClaims('nonsense'), /three parts/);
  assert.throws(() => readClaims('a.%%%.c'), /cannot be read/);
  assert.throws(() => readClaims(jwt(null)), /names no member/);
  assert.throws(() => readClaims(jwt({ userId: 7 })), /names no member/);
});

const model = {
  signedIn: true, hub: 'up', redis: true, me: 'u', rights: true, holder: null, talk: idle,
  joined: 'yes', listenLink: 'up', talkLink: 'up', microphone: 'up', linkError: 'why', hubError: 'why', retryIn: 3,
};

for (const [phase, change] of [
  ['idle', {}],
  ['signed-out', { signedIn: false, hub: 'away' }],
  ['connecting', { hub: 'connecting' }],
  ['hub-away', { hub: 'away', talk: { ...idle, phase: 'revoked' } }],
  ['redis-away', { redis: false, holder: { userId: 'v' } }],
  ['busy', { holder: { userId: 'v', userName: 'V' } }],
  ['busy', { holder: { userId: 'u' } }],
  ['requesting', { talk: { ...idle, phase: 'requesting' } }],
  ['talking', { talk: { ...idle, phase: 'talking' }, holder: { userId: 'v' } }],
  ['denied', { talk: { ...idle, phase: 'denied', reason: 'busy' }, holder: { userId: 'v' } }],
  ['revoked', { talk: { ...idle, phase: 'revoked', reason: 'redis' }, redis: false }],
]) {
  test(`phase ${phase}: ${JSON.stringify(change)}`, () => {
    const status = describe({ ...model, ...change });
    assert.equal(status.phase, phase);
    assert.ok(status.headline && status.detail);
  });
}

test('an idle channel says what stands between the visitor and talking', () => {
  for (const [change, words] of [
    [{}, /Hold the button/],
    [{ joined: 'no' }, /Join/],
    [{ listenLink: 'away' }, /No sound: why Next try in 3\s+s/],
    [{ microphone: 'none' }, /listening/],
    [{ microphone: 'failed', microphoneError: 'blocked' }, /blocked/],
    [{ talkLink: 'away', retryIn: 0 }, /cannot talk: why Trying again/],
    [{ rights: false }, /taken away/],
    [{ rights: null }, /not known/],
  ]) assert.match(describe({ ...model, ...change }).detail, words);
});

test('the floor is not asked for where it could not be used', () => {
  assert.equal(blocked(model), '');
  for (const [change, reason] of [
    [{ hub: 'away' }, 'hub'], [{ redis: false }, 'redis'], [{ microphone: 'failed' }, 'microphone'], [{ talkLink: 'away' }, 'link'],
  ]) {
    assert.equal(blocked({ ...model, ...change }), reason);
    assert.equal(talkLabel('idle', { ...model, ...change }), 'Not ready');
    assert.notEqual(explain({ reason }), reason, 'a reason without words');
  }
  assert.equal(talkLabel('idle', { ...model, rights: false }), 'No talk right');
  assert.equal(talkLabel('busy', model), 'Busy');
  assert.equal(talkLabel('busy', { ...model, breaksIn: true }), 'Hold to break in');
});

test('a member’s activity', () => {
  const member = { userId: 'u', rights: true, listening: true };
  assert.equal(activity(undefined, null), 'not connected');
  assert.equal(activity(member, { userId: 'u' }), 'on air');
  assert.equal(activity({ ...member, rights: false }, null), 'no talk right');
  assert.equal(activity({ ...member, rights: null }, null), 'talk right unknown');
  assert.equal(activity({ ...member, listening: false }, null), 'not listening');
});

test('the clock', () => {
  for (const [ms, want] of [[0, '0:00'], [-5, '0:00'], [61999, '1:01'], [3600000, '60:00']]) assert.equal(clock(ms), want);
});
