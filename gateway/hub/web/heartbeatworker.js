// The worker of heartbeat.js: it runs while the page does not.

// limit is how long the page may say nothing while it talks, in ms: within a second
// nothing more is heard of it.
const limit = 700;

let timer = null;
let release = null;

self.addEventListener('message', ({ data }) => {
  clearTimeout(timer);
  if (data === 'stop') release = null;
  else if (data !== 'alive') release = data;
  if (release) timer = setTimeout(giveBack, limit);
});

function giveBack() {
  const { url, headers } = release;
  release = null;
  // If it fails the hub ends the talk spurt at its own limit.
  fetch(url, { method: 'DELETE', headers, keepalive: true }).catch(() => {});
}
