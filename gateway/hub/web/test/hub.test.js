import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { Hub, HubError } from '../hub.js';
import { Final } from '../retry.js';

// answering replaces fetch by answers in turn, and returns the requests made.
function answering(t, ...answers) {
  const requests = [];
  t.mock.method(globalThis, 'fetch', async (path, init) => {
    requests.push({ path, ...init });
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return typeof answer === 'function' ? answer(init) : answer;
  });
  return requests;
}

const json = (status, body, headers) => new Response(JSON.stringify(body), { status, headers });

test('requests carry the token and IDs are escaped', async (t) => {
  const requests = answering(t, json(200, { granted: true, epoch: 3 }), new Response(null, { status: 204 }));
  const hub = new Hub('secret', 'a/b');
  assert.deepEqual(await hub.requestFloor(), { granted: true, epoch: 3 });
  await hub.setRights('x y', false);
  assert.equal(requests[0].path, 'api/channels/a%2Fb/floor');
  assert.equal(requests[0].headers.Authorization, 'Bearer secret');
  assert.equal(requests[1].path, 'api/channels/a%2Fb/members/x%20y/rights');
  assert.equal(requests[1].method, 'DELETE');
});

test('a denial is an answer; anything else is not', async (t) => {
  const denial = { granted: false, reason: 'busy', holder: { userId: 'n' } };
  answering(t, json(409, denial), json(403, { granted: false, reason: 'banned' }), json(502, {}), new TypeError('no network'));
  const hub = new Hub('t', 'c');
  assert.deepEqual(await hub.requestFloor(), denial);
  assert.equal((await hub.requestFloor()).reason, 'banned');
  await assert.rejects(hub.requestFloor(), HubError);
  await assert.rejects(hub.requestFloor(), TypeError);
});

test('errors say what the hub says, and when to come back', async (t) => {
  answering(t, json(409, { error: 'already connected' }, { 'Retry-After': '3' }), new Response('<html>', { status: 500 }), json(401, { error: 'expired' }));
  const hub = new Hub('t', 'c');
  await assert.rejects(hub.call('POST', 'whip/c'), { message: 'already connected', retryAfter: 3000 });
  await assert.rejects(hub.call('POST', 'whip/c'), /answered 500/);
  await assert.rejects(hub.call('POST', 'whip/c'), (e) => e instanceof Final && e.message === 'expired');
});

test('a stream that is not for the bearer is not tried again', async (t) => {
  answering(t, json(403, { error: 'the token is not for this channel' }), json(503, {}));
  const hub = new Hub('t', 'c');
  const { signal } = new AbortController();
  await assert.rejects(hub.watch(signal, () => {}), Final);
  await assert.rejects(hub.watch(signal, () => {}), HubError);
});

test('a hub that does not answer is away', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  answering(t, ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))));
  const asked = new Hub('t', 'c').requestFloor();
  await Promise.resolve();
  mock.timers.tick(5000);
  await assert.rejects(asked, /does not answer/);
});

test('a stream that never says anything ends', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  answering(t, ({ signal }) => new Response(new ReadableStream({
    start: (controller) => signal.addEventListener('abort', () => controller.error(signal.reason)),
  })));
  const watching = new Hub('t', 'c').watch(new AbortController().signal, () => {});
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  mock.timers.tick(15000);
  await assert.rejects(watching, /fallen silent/);
});

test('a stream that falls silent ends, one that shows signs of life does not', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  let feed;
  answering(t, ({ signal }) => new Response(new ReadableStream({
    start(controller) {
      feed = (text) => controller.enqueue(new TextEncoder().encode(text));
      signal.addEventListener('abort', () => controller.error(signal.reason));
    },
  })));
  const events = [];
  let ended = false;
  const watching = new Hub('t', 'c').watch(new AbortController().signal, (type, data) => events.push([type, data]));
  watching.catch(() => { ended = true; });
  const settle = async () => { for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve)); };
  await settle();
  feed('event: state\ndata: {"redis":true}\n\n');
  await settle();
  for (let i = 0; i < 5; i++) {
    mock.timers.tick(10000);
    feed(':\n\n');
    await settle();
  }
  assert.equal(ended, false);
  assert.deepEqual(events, [['state', { redis: true }]]);
  mock.timers.tick(15000);
  await assert.rejects(watching, /fallen silent/);
});
