import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idle, step } from '../talk.js';

// Every event that matters, for requests and epochs of this and of other presses.
function events(talk) {
  const all = [
    { type: 'press', blocked: '' },
    { type: 'press', blocked: 'microphone' },
    { type: 'release' },
    { type: 'press', emergency: true, blocked: '' },
    { type: 'press', emergency: true, blocked: 'link' },
    { type: 'release', emergency: true },
    { type: 'lost', reason: 'link' },
  ];
  for (const request of [talk.request - 1, talk.request]) {
    all.push({ type: 'granted', request, epoch: 5 });
    for (const answered of [true, false]) all.push({ type: 'denied', request, reason: 'busy', answered });
  }
  for (const redis of [true, false]) {
    for (const rights of [true, false, null, undefined]) {
      for (const [mine, epoch] of [[true, 5], [true, 4], [false, 0], [false, 4], [false, 6]]) {
        all.push({ type: 'seen', redis, rights, mine, epoch });
      }
    }
  }
  return all;
}

// walk visits every state reachable in up to depth events, with what the outside
// of the machine has come to: the microphone and the requests at the hub.
function walk(depth, visit) {
  const seen = new Set();
  let edge = [{ talk: idle, open: false, requests: 0 }];
  for (let i = 0; i < depth; i++) {
    const next = [];
    for (const from of edge) {
      for (const event of events(from.talk)) {
        const [talk, effects] = step(from.talk, event);
        let { open, requests } = from;
        if (event.type === 'denied' && event.answered && talk !== from.talk) requests--;
        for (const effect of effects) {
          if (effect === 'open') open = true;
          if (effect === 'close') open = false;
          if (effect === 'ask') requests++;
          if (effect === 'yield') requests--;
        }
        const to = { talk, open, requests };
        visit(from, event, to, effects);
        const key = JSON.stringify({ ...to, talk: { ...talk, request: talk.request > 0, reason: '' } });
        if (!seen.has(key)) {
          seen.add(key);
          next.push(to);
        }
      }
    }
    edge = next;
  }
  assert.equal(edge.length, 0, 'the walk ended before all states were seen');
  return seen.size;
}

test('the rules hold in every reachable state', () => {
  const states = walk(12, (from, event, to) => {
    const where = `${JSON.stringify(from.talk)} + ${JSON.stringify(event)} -> ${JSON.stringify(to.talk)}`;
    assert.equal(to.open, to.talk.phase === 'talking', `microphone: ${where}`);
    assert.equal(to.requests, ['requesting', 'talking'].includes(to.talk.phase) ? 1 : 0, `request: ${where}`);
    const itsOwn = Boolean(event.emergency) === from.talk.emergency;
    if (event.type === 'release' && itsOwn) assert.equal(to.talk.phase, 'idle', where);
    if (event.type === 'release' && !itsOwn) assert.equal(to.talk, from.talk, where);
    // A press of the one kind is fresh after a refusal of the other, and an emergency always.
    const fresh = event.type === 'press' && (event.emergency || from.talk.emergency);
    if (['denied', 'revoked'].includes(from.talk.phase) && !fresh) {
      assert.ok([from.talk.phase, 'idle'].includes(to.talk.phase), where);
      if (event.type !== 'release') assert.equal(to.talk.phase, from.talk.phase, where);
    }
    if (to.talk.phase === 'requesting' && from.talk.phase !== 'requesting') assert.equal(event.type, 'press', where);
  });
  assert.ok(states >= 6, `${states} states are too few to have met them all`);
});

const press = { type: 'press', blocked: '' };
const play = (...events) => events.reduce(([talk, all], event) => {
  const [next, effects] = step(talk, event);
  return [next, [...all, ...effects]];
}, [idle, []]);

test('a press that is granted and released', () => {
  const [talk, effects] = play(press, { type: 'granted', request: 1, epoch: 7 }, { type: 'release' });
  assert.equal(talk.phase, 'idle');
  assert.deepEqual(effects, ['ask', 'open', 'permit', 'close', 'yield', 'released']);
});

test('a grant that comes after the release opens nothing', () => {
  const [talk, effects] = play(press, { type: 'release' }, press, { type: 'granted', request: 1, epoch: 7 });
  assert.equal(talk.phase, 'requesting');
  assert.deepEqual(effects, ['ask', 'yield', 'ask']);
});

test('an event from before the grant does not end it, one from after does', () => {
  const granted = { type: 'granted', request: 1, epoch: 7 };
  const seen = (mine, epoch) => ({ type: 'seen', redis: true, rights: true, mine, epoch });
  assert.equal(play(press, granted, seen(false, 0))[0].phase, 'talking', 'idle from before');
  assert.equal(play(press, granted, seen(true, 6))[0].phase, 'talking', 'own earlier spurt');
  assert.equal(play(press, granted, seen(false, 8))[0].phase, 'revoked', 'a later grant to another');
  assert.equal(play(press, granted, seen(true, 7), seen(false, 0))[0].phase, 'revoked', 'idle after being seen');
  assert.equal(play(press, seen(true, 7), granted, seen(false, 0))[0].phase, 'revoked', 'the event before the grant');
  for (const past of [[seen(true, 7), seen(false, 0)], [seen(false, 8)]]) {
    const [talk, effects] = play(press, ...past, granted);
    assert.equal(talk.phase, 'denied', 'over before the answer came');
    assert.deepEqual(effects, ['ask', 'yield', 'deny']);
  }
});

test('what the hub says ends a talk spurt at once', () => {
  const granted = { type: 'granted', request: 1, epoch: 7 };
  for (const [change, reason] of [[{ redis: false }, 'redis'], [{ rights: false }, 'revoked'], [{ rights: null }, 'revoked']]) {
    const event = { type: 'seen', redis: true, rights: true, mine: true, epoch: 7, ...change };
    const [talk, effects] = play(press, granted, event);
    assert.equal(talk.reason, reason);
    assert.deepEqual(effects.slice(-3), ['close', 'yield', 'revoked']);
  }
});

test('an unanswered request is taken back, an answered one is not', () => {
  assert.ok(play(press, { type: 'denied', request: 1, reason: 'hub', answered: false })[1].includes('yield'));
  assert.ok(!play(press, { type: 'denied', request: 1, reason: 'busy', answered: true })[1].includes('yield'));
});

test('an unknown event is a mistake, not a silence', () => {
  assert.throws(() => step(idle, { type: 'pres' }), /unknown event pres/);
});

test('why it ended may come after it ended, and is then not forgotten', () => {
  const grant = [press, { type: 'granted', request: 1, epoch: 7 }];
  const seen = (mine) => ({ type: 'seen', redis: true, rights: true, mine, epoch: mine ? 7 : 0 });
  const silent = { type: 'lost', reason: 'silent' };
  for (const events of [[seen(true), seen(false), silent], [silent, seen(false)]]) {
    const [talk, effects] = play(...grant, ...events, { type: 'lost', reason: 'hub' });
    assert.equal(talk.reason, 'silent');
    assert.equal(effects.filter((e) => e === 'close').length, 1);
  }
});

test('an emergency takes the place of a talk spurt, and ends by its own button', () => {
  const alarm = { type: 'press', emergency: true, blocked: '' };
  const [talk, effects] = play(
    press, { type: 'granted', request: 1, epoch: 7 }, alarm, { type: 'granted', request: 2, epoch: 8 },
    { type: 'release' }, press, { type: 'release' },
  );
  assert.deepEqual([talk.phase, talk.emergency], ['talking', true]);
  assert.deepEqual(effects, ['ask', 'open', 'permit', 'close', 'yield', 'ask', 'open', 'permit']);
  assert.deepEqual(step(talk, { type: 'release', emergency: true }), [
    { ...idle, request: 2 }, ['close', 'yield', 'released'],
  ]);
});

test('an emergency that was refused gives way to a press', () => {
  const refused = play(
    { type: 'press', emergency: true, blocked: '' }, { type: 'denied', request: 1, reason: 'no-rights', answered: true },
  )[0];
  const [talk, effects] = step(refused, press);
  assert.deepEqual([talk.phase, talk.emergency, effects], ['requesting', false, ['ask']]);
});
