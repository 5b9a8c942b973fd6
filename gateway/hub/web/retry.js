// delays are the pauses between attempts, in milliseconds; the last one repeats.
export const delays = [1000, 2000, 4000, 8000, 16000, 30000];

// steady is how long a connection must have been up for the first try after it to be made
// at once, in ms: one that breaks as soon as it is up would be tried without end.
const steady = 3000;

// Final is an error that trying again cannot mend, such as an expired token.
export class Final extends Error {}

// pause is how long to wait after so many failures in a row: the scheduled delay
// less up to a fifth, so that the pages of a site do not return in step.
export function pause(failures, random = Math.random) {
  const delay = delays[Math.min(failures, delays.length - 1)];
  return Math.round(delay * (1 - 0.2 * random()));
}

// retry runs attempt(signal, up) again whenever it ends or throws, until signal
// aborts. attempt calls up() once it is through, which starts the delays anew; after
// one that was up for a while the next is at once. onDown(error, wait) is told of each
// failure and how long the pause will be. An error's retryAfter, in milliseconds,
// lengthens that pause. A Final error is thrown to the caller instead.
export async function retry(attempt, { signal, onDown, sleep = wait, now = () => Date.now() }) {
  let failures = 0;
  while (!signal.aborted) {
    /** @type {Error & { retryAfter?: number }} */
    let error = new Error('the connection ended');
    let upSince = Infinity;
    try {
      await attempt(signal, () => {
        failures = 0;
        upSince = Math.min(upSince, now());
      });
    } catch (e) {
      error = e;
    }
    if (signal.aborted) return;
    if (error instanceof Final) throw error;
    const delay = Math.max(now() - upSince >= steady ? 0 : pause(failures++), error.retryAfter ?? 0);
    onDown(error, delay);
    await sleep(delay, signal);
  }
}

// wait resolves after ms, or at once when signal aborts or the network returns.
export function wait(ms, signal) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      globalThis.removeEventListener?.('online', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
    globalThis.addEventListener?.('online', done);
    if (signal.aborted) done();
  });
}
