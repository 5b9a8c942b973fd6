import { test } from 'node:test';
import assert from 'node:assert/strict';
import { Relays } from '../relays.js';

const link = '<turn:turn.example:3478?transport=tcp>; rel="ice-server"; username="1:a"; credential="b+/="; credential-type="password"';
const one = { urls: 'turn:turn.example:3478?transport=tcp', username: '1:a', credential: 'b+/=' };

test('relays are used once the direct way has failed', () => {
  const relays = new Relays();
  relays.told(link);
  assert.deepEqual(relays.inUse, []);
  relays.needed();
  assert.deepEqual(relays.inUse, [one]);
  relays.told(`${link}, ${link}`);
  assert.deepEqual(relays.inUse, [one, one]);
});

test('a hub that names none has none', () => {
  const relays = new Relays();
  relays.needed();
  for (const text of [null, '', '<stun:a>; rel="ice-server"', '<turn:a>; rel="next"']) {
    relays.told(text);
    assert.deepEqual(relays.inUse, []);
  }
});
