import { readEvents } from './sse.js';
import { Final } from './retry.js';
import { Relays } from './relays.js';

// answerTime is how long the hub may take to answer before it counts as away.
const answerTime = 5000;

// silenceTime is how long a stream may say nothing, three of the hub's signs of
// life, before it counts as broken: a path that swallows packets does not end it.
const silenceTime = 15000;

// HubError is an answer other than success. status is HTTP's; body is the
// answer's JSON, {} when it had none.
export class HubError extends Error {
  constructor(status, body, retryAfter) {
    super(body.error || `The hub answered ${status}.`);
    this.status = status;
    this.body = body;
    this.retryAfter = retryAfter;
  }
}

// Hub is one channel of the hub, as one bearer sees it.
export class Hub {
  #token;
  #channel;
  relays = new Relays();

  constructor(token, channel) {
    this.#token = token;
    this.#channel = `api/channels/${encodeURIComponent(channel)}`;
  }

  // requestFloor resolves to { granted, reason, holder }. It rejects when the
  // hub gave no answer that can be relied on; the request may then stand. In an
  // emergency it asks for all channels of the event.
  /** @returns {Promise<import('./api').FloorAnswer>} */
  async requestFloor(emergency) {
    try {
      return await (await this.call('PUT', `${this.#channel}/${emergency ? 'emergency' : 'floor'}`)).json();
    } catch (e) {
      if (e instanceof HubError && e.body.granted === false) return e.body;
      throw e;
    }
  }

  // yieldFloor gives the floor back, or takes back the request for it. It
  // survives the page being closed.
  yieldFloor() {
    return this.call('DELETE', `${this.#channel}/floor`, { keepalive: true });
  }

  // release is what a worker needs to give the floor back for a page that hangs:
  // { path, headers } of a DELETE.
  get release() {
    return { path: `${this.#channel}/floor`, headers: { Authorization: `Bearer ${this.#token}` } };
  }

  // setRights gives a member of the channel the right to talk, or takes it away.
  setRights(userId, allowed) {
    const path = `${this.#channel}/members/${encodeURIComponent(userId)}/rights`;
    return this.call(allowed ? 'PUT' : 'DELETE', path);
  }

  // room resolves to where the channel's LiveKit room is, and a token: { url, token }.
  async room(signal) {
    return (await this.call('GET', `${this.#channel}/room`, { signal })).json();
  }

  // watch reads the channel's events until the stream ends.
  watch(signal, onEvent, onBytes) {
    return this.stream(`${this.#channel}/events`, signal, onEvent, onBytes);
  }

  // stream reads a path's server-sent events, calling onEvent(type, data, serverTime)
  // with data parsed from JSON and serverTime the hub's clock, in ms, when the
  // stream began. It throws when the hub does not answer in time or the stream breaks, and a Final when the
  // bearer may not read it.
  async stream(path, signal, onEvent, onBytes) {
    const silent = new AbortController();
    let timer;
    const heard = () => {
      clearTimeout(timer);
      timer = setTimeout(() => silent.abort(new Error('The hub has fallen silent.')), silenceTime);
      onBytes?.();
    };
    try {
      const response = await this.call('GET', path, {
        headers: { Accept: 'text/event-stream' },
        signal: AbortSignal.any([signal, silent.signal]),
      });
      heard();
      const began = Date.parse(response.headers.get('Date') ?? '') || Date.now();
      for await (const { type, data } of readEvents(response.body, heard)) {
        onEvent(type, JSON.parse(data), began);
      }
    } catch (e) {
      if (silent.signal.aborted) throw silent.signal.reason;
      throw e.status === 400 || e.status === 403 ? new Final(e.message) : e;
    } finally {
      clearTimeout(timer);
    }
  }

  // call makes one request to a path relative to the page and returns the response if it succeeded, else throws.
  // The time limit, within in ms, ends with the response's head, so that a stream may go on.
  /**
   * @param {string} method
   * @param {string} path
   * @param {{headers?: object, body?: string, keepalive?: boolean, signal?: AbortSignal, within?: number}} [options]
   */
  async call(method, path, { headers = {}, body, keepalive = false, signal, within = answerTime } = {}) {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new Error('The hub does not answer.')), within);
    const signals = signal ? [signal, late.signal] : [late.signal];
    let response;
    try {
      response = await fetch(path, {
        method,
        body,
        keepalive,
        cache: 'no-store',
        headers: { Authorization: `Bearer ${this.#token}`, ...headers },
        signal: AbortSignal.any(signals),
      });
    } catch (e) {
      throw late.signal.aborted ? late.signal.reason : e;
    } finally {
      clearTimeout(timer);
    }
    if (response.ok) return response;
    const answer = await response.json().catch(() => ({}));
    if (response.status === 401) throw new Final(answer.error || 'The access token is not valid any more.');
    const seconds = Number(response.headers.get('Retry-After'));
    throw new HubError(response.status, answer, Number.isFinite(seconds) ? seconds * 1000 : 0);
  }
}
