import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readEvents, SSEParser } from '../sse.js';

const parse = (...chunks) => {
  const parser = new SSEParser();
  return chunks.flatMap((chunk) => parser.feed(chunk)).map(({ type, data }) => [type, data]);
};

for (const [name, input, want] of [
  ['a named event', 'event: state\ndata: {}\n\n', [['state', '{}']]],
  ['no name', 'data: x\n\n', [['message', 'x']]],
  ['several data lines', 'data: a\ndata: b\ndata:\n\n', [['message', 'a\nb\n']]],
  ['one space after the colon belongs to it', 'data:  x\n\ndata:y\n\n', [['message', ' x'], ['message', 'y']]],
  ['comments and empty lines', ': alive\n\n:\n\n\ndata: x\n\n', [['message', 'x']]],
  ['an event without data is none, and its name is forgotten', 'event: a\n\ndata: x\n\n', [['message', 'x']]],
  ['a field without a colon', 'data\n\n', [['message', '']]],
  ['unknown fields', 'date: x\nretry: 5\nid: 7\nData: y\ndata: z\n\n', [['message', 'z']]],
  ['CRLF', 'event: a\r\ndata: x\r\n\r\ndata: y\r\n\r\n', [['a', 'x'], ['message', 'y']]],
  ['CR', 'data: x\r\rdata: y\r\r:', [['message', 'x'], ['message', 'y']]],
  ['an unfinished event', 'data: x\n\ndata: y\n', [['message', 'x']]],
  ['a byte order mark', '\uFEFFdata: x\n\n', [['message', 'x']]],
]) {
  test(name, () => assert.deepEqual(parse(input), want));
  test(`${name}, one character at a time`, () => assert.deepEqual(parse(...input), want));
}

test('events do not depend on how the stream was cut', () => {
  const alphabet = ['data', 'event', ':', ' ', 'x', 'é', '\r', '\n', '\n', '\r\n', '\r\n', '\uFEFF', '\0'];
  let seed = 1;
  const random = (n) => {
    seed = (seed * 48271) % 2147483647;
    return seed % n;
  };
  let events = 0;
  for (let round = 0; round < 3000; round++) {
    const input = `${Array.from({ length: random(40) }, () => alphabet[random(alphabet.length)]).join('')}\n\ndata: last\n\n`;
    const whole = parse(input);
    events += whole.length;
    const cut = random(input.length);
    assert.deepEqual(parse(input.slice(0, cut), input.slice(cut)), whole, JSON.stringify([input, cut]));
    assert.deepEqual(whole.at(-1), ['message', 'last'], JSON.stringify(input));
  }
  assert.ok(events > 3000, 'the inputs hardly made events');
});

test('a body is decoded across the bytes of a character', async () => {
  const bytes = new TextEncoder().encode('data: Süd\n\n');
  const body = new ReadableStream({
    start(controller) {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  });
  let heard = 0;
  const events = [];
  for await (const event of readEvents(body, () => heard++)) events.push(event.data);
  assert.deepEqual(events, ['Süd']);
  assert.ok(heard > 1);
});

test('leaving the loop early cancels the body', async () => {
  let cancelled = false;
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode('data: x\n\n')),
    cancel: () => { cancelled = true; },
  });
  for await (const _ of readEvents(body)) break;
  await new Promise((resolve) => setTimeout(resolve));
  assert.ok(cancelled);
});
