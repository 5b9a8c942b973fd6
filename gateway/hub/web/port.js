import { oldAfter } from './portstate.js';
import { PortView } from './portview.js';
import { wait } from './retry.js';

// period is how long after an answer the port is asked again, and retryPeriod after none.
const period = 200;
const retryPeriod = 1000;

const view = new PortView();
let status = null;
let readAt = 0;
let problem = '';

function render() {
  const now = Date.now();
  view.render(status, readAt, problem || (status && now - readAt > oldAfter ? 'It does not answer in time.' : ''), now);
}

async function read() {
  try {
    const response = await fetch('status', { cache: 'no-store', signal: AbortSignal.timeout(oldAfter) });
    if (!response.ok) throw new Error(`It answers ${response.status}.`);
    status = await response.json();
    readAt = Date.now();
    problem = '';
  } catch (e) {
    problem = { TypeError: 'It cannot be reached.', TimeoutError: 'It does not answer in time.', SyntaxError: 'What answers is no port.' }[e.name] ?? e.message;
  }
  render();
}

// hidden is a page that nobody looks at: it asks nothing, and what it shows ages.
function hidden() {
  return new Promise((resolve) => {
    if (!document.hidden) resolve();
    else document.addEventListener('visibilitychange', resolve, { once: true });
  });
}

setInterval(render, 500);
for (;;) {
  await hidden();
  await read();
  await wait(problem ? retryPeriod : period, AbortSignal.timeout(2 * retryPeriod));
}
