import { test, mock } from 'node:test';
import assert from 'node:assert/strict';
import { mendLoss } from '../redundancy.js';

// A sender whose hub reports a share of lost packets.
function fakeSender({ red = true } = {}) {
  const sender = {
    loss: 0,
    codec: 'audio/opus',
    getStats: async () => new Map([['a', { type: 'outbound-rtp' }], ['b', { type: 'remote-inbound-rtp', fractionLost: sender.loss }]]),
    getParameters: () => ({ encodings: [{}], codecs: [{ mimeType: 'audio/opus', clockRate: 48000 }, ...(red ? [{ mimeType: 'audio/red', clockRate: 48000 }] : [])] }),
    setParameters: async ({ encodings }) => { sender.codec = encodings[0].codec.mimeType; },
  };
  return sender;
}

async function look(times = 1) {
  for (let i = 0; i < times; i++) {
    mock.timers.tick(1000);
    for (let j = 0; j < 10; j++) await Promise.resolve();
  }
}

test('copies go along while there is loss', async (t) => {
  mock.timers.enable({ apis: ['setInterval'] });
  t.after(() => mock.timers.reset());
  const sender = fakeSender();
  const end = new AbortController();
  mendLoss(sender, end.signal);
  await look(3);
  assert.equal(sender.codec, 'audio/opus');
  sender.loss = 0.1;
  await look();
  assert.equal(sender.codec, 'audio/red');
  sender.loss = 0;
  await look(9);
  assert.equal(sender.codec, 'audio/red');
  await look(1);
  assert.equal(sender.codec, 'audio/opus');
  end.abort();
  sender.loss = 1;
  await look(3);
  assert.equal(sender.codec, 'audio/opus');
});

test('a browser without RED goes on as it is', async (t) => {
  mock.timers.enable({ apis: ['setInterval'] });
  t.after(() => mock.timers.reset());
  const sender = fakeSender({ red: false });
  const end = new AbortController();
  mendLoss(sender, end.signal);
  sender.loss = 0.5;
  await look(3);
  assert.equal(sender.codec, 'audio/opus');
  end.abort();
});
