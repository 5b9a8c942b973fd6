// Server-sent events read from a fetch, because EventSource cannot carry an
// Authorization header. The grammar is that of the HTML standard, section 9.2.6.

// SSEParser turns text, however it was cut into chunks, into events { type, data }.
// An event that the stream did not finish is never returned. id and retry are
// ignored: the hub's streams begin with the whole state instead of resuming.
export class SSEParser {
  #rest = '';
  #started = false;
  #type = '';
  #data = [];

  // feed takes the next piece of the stream and returns the events it completed.
  feed(text) {
    this.#rest += text;
    if (!this.#started && this.#rest !== '') {
      this.#started = true;
      if (this.#rest.startsWith('\uFEFF')) this.#rest = this.#rest.slice(1);
    }
    const events = [];
    for (;;) {
      const end = this.#rest.search(/[\r\n]/);
      // A CR at the very end may be the first half of a CRLF.
      if (end < 0 || (this.#rest[end] === '\r' && end === this.#rest.length - 1)) return events;
      const line = this.#rest.slice(0, end);
      const width = this.#rest.startsWith('\r\n', end) ? 2 : 1;
      this.#rest = this.#rest.slice(end + width);
      const event = this.#line(line);
      if (event) events.push(event);
    }
  }

  #line(line) {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    if (colon === 0) return null;
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? '' : line.slice(colon + 1);
    if (value.startsWith(' ')) value = value.slice(1);
    if (field === 'event') this.#type = value;
    else if (field === 'data') this.#data.push(value);
    return null;
  }

  #dispatch() {
    const event = { type: this.#type || 'message', data: this.#data.join('\n') };
    const empty = this.#data.length === 0;
    this.#type = '';
    this.#data = [];
    return empty ? null : event;
  }
}

// readEvents yields the events of a response body until it ends. Whatever
// arrives, comments included, is reported to onBytes: it proves the line alive.
export async function* readEvents(body, onBytes = () => {}) {
  const parser = new SSEParser();
  const reader = body.pipeThrough(new TextDecoderStream('utf-8', { ignoreBOM: true })).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      onBytes();
      yield* parser.feed(value);
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
