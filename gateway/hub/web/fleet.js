import { confirmed, parts, setAttribute, setData, setHidden, setText } from './dom.js';
import { Dispatch } from './dispatch.js';
import { demoConfig } from './demo.js';
import { Emergencies } from './emergencies.js';
import { FleetGrid } from './fleetgrid.js';
import { filters, FleetModel } from './fleetmodel.js';
import { FleetSide } from './fleetside.js';
import { FootSwitch } from './footswitch.js';
import { hold } from './hold.js';
import { Hub } from './hub.js';
import { Parrots } from './parrots.js';
import { Recall } from './recall.js';
import { retry } from './retry.js';
import { readClaims } from './token.js';
import { playTone } from './tones.js';

/** @type {(id: string) => any} */
const $ = (id) => document.getElementById(id);

// auditPeriod is how often what was done is asked for.
const auditPeriod = 5000;

const model = new FleetModel();
const parrots = new Parrots();
const side = new FleetSide(model, parrots);
let hub = null;
let bearer = '';
let filter = 'all';
let dispatch = null;
let recall = null;
const part = parts();
let scheduled = false;

// sirenVolume is that of the alarm, 0…1: louder than any other tone.
const sirenVolume = 0.5;

// A browser sounds only once somebody has touched the page.
let alarmSound = null;
let touchedAt = null;
// startTime is how long sound may take to start after a click, in ms: a machine without a
// sound card never does.
const startTime = 3000;
for (const touch of ['click', 'keydown']) {
  addEventListener(touch, () => {
    if (!alarmSound) {
      alarmSound = new AudioContext();
      alarmSound.addEventListener('statechange', schedule);
    }
    if (!sounds()) alarmSound.resume();
    touchedAt ??= Date.now();
  }, { capture: true });
}
const sounds = () => alarmSound?.state === 'running';
const emergencies = new Emergencies(part, {
  acknowledge: (id) => act('Acknowledging', 'POST', `api/emergencies/acknowledge?id=${encodeURIComponent(id)}`),
  siren: () => { if (sounds()) playTone(alarmSound, 'emergency', sirenVolume); },
});

function schedule() {
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(() => {
    scheduled = false;
    render(Date.now());
  });
}

const grid = new FleetGrid({
  grid: $('grid'), rows: $('rows'), template: $('row'), model, changed: schedule,
  onChoose: schedule,
  onEnter: () => ($('rights').hidden ? $('detail-listen') : $('rights')).focus(),
});

function render(now) {
  if (!hub) return;
  grid.render(now);
  side.render(grid.active, dispatch, recall.channel, now);
  const counts = model.counts();
  for (const tile of $('tiles').children) {
    setText(tile.firstElementChild, String(counts[tile.dataset.filter]));
    setAttribute(tile, 'aria-pressed', String(tile.dataset.filter === filter));
    setData(tile, 'some', String(counts[tile.dataset.filter] > 0));
  }
  const none = model.shown.length === 0;
  setHidden($('empty'), !none);
  if (none) setText($('empty'), model.size === 0 ? 'No gateway has reported yet.' : 'No gateway is like that.');
  lamp('redis', model.redis ? 'up' : 'away');
  lamp('sound', dispatch.sound);
  lamp('alarm', sounds() ? 'ready' : touchedAt && now - touchedAt > startTime ? 'no sound' : 'click to allow');
  emergencies.render(now);
}

function lamp(name, text) {
  const element = $(`health-${name}`);
  setData(element, 'is', text);
  setText(element.lastElementChild, text);
}

let saying;

function say(text) {
  setText($('said'), text);
  clearTimeout(saying);
  saying = setTimeout(() => setText($('said'), ''), 6000);
}

// Sign in

async function open(token) {
  const lifetime = new AbortController();
  const { signal } = lifetime;
  hub = new Hub(token, '');
  bearer = token;
  dispatch = new Dispatch({ hub, token, claims: readClaims(token), changed: schedule, say });
  recall = new Recall({ hub, part, say });
  document.body.dataset.phase = 'idle';
  setHidden($('sign-in'), true);
  setHidden($('console'), false);
  $('token').value = '';
  lamp('hub', 'connecting');
  schedule();
  const clock = setInterval(schedule, 1000);
  const audit = setInterval(readAudit, auditPeriod);
  readAudit();
  let refused = '';
  try {
    await retry((signal, up) => {
      let first = true;
      return hub.stream('api/fleet/events', signal, (type, data) => {
        if (type === 'gateways') {
          if (first) model.forget();
          first = false;
          model.onGateways(data);
        } else if (type === 'overview') {
          model.onOverview(data);
          recall.onOverview(data);
        }
        if (type === 'emergencies') {
          emergencies.receive(data.emergencies);
          model.setEmergencies(emergencies.users);
        }
        up();
        lamp('hub', 'up');
        schedule();
      });
    }, { signal, onDown: (error) => { lamp('hub', 'away'); setText($('urgent'), error.message); } });
  } catch (e) {
    refused = e.message;
  }
  lifetime.abort();
  clearInterval(clock);
  clearInterval(audit);
  dispatch.stop();
  recall.stop();
  emergencies.forget();
  model.setEmergencies(emergencies.users);
  hub = null;
  document.body.dataset.phase = 'signed-out';
  setHidden($('console'), true);
  showSignIn(refused);
}

function showSignIn(problem) {
  setHidden($('sign-in'), false);
  setText($('sign-in-error'), problem);
  $('token').focus();
}

$('sign-in').addEventListener('submit', (e) => {
  e.preventDefault();
  const token = $('token').value.trim();
  try {
    if (!readClaims(token).manages) throw new Error('This token’s role is neither DISPATCH nor ADMIN.');
    open(token);
  } catch (error) {
    showSignIn(error.message);
  }
});

// Actions

async function act(what, method, path) {
  try {
    const answer = await hub.call(method, path);
    readAudit();
    return answer;
  } catch (e) {
    say(`${what}: ${e.message}`);
    return null;
  }
}

async function setRights() {
  const g = model.get(grid.active);
  if (!g) return;
  const path = `api/channels/${encodeURIComponent(g.channel)}/members/${encodeURIComponent(g.id)}/rights`;
  const name = g.name || g.id;
  if (await act(`Talk right of ${name}`, g.rights ? 'DELETE' : 'PUT', path)) say(g.rights ? `${name} may not talk any more.` : `${name} may talk again.`);
}

async function parrot() {
  const g = model.get(grid.active);
  if (!g?.live || parrots.asking(g.id)) return;
  const asked = parrots.ask(hub, g.id);
  schedule();
  say(`${g.name || g.id}: ${await asked}`);
  schedule();
  readAudit();
}

async function pause(event) {
  setText($('confirm-text'), `End every talk spurt in ${event}, whoever talks? Who presses again afterwards talks again.`);
  setText($('confirm-yes'), `Pause ${event}`);
  if (!(await confirmed($('confirm')))) return;
  const answer = await act(`Pausing ${event}`, 'POST', `api/events/${encodeURIComponent(event)}/pause`);
  if (!answer) return;
  const ended = Object.keys((await answer.json()).paused).length;
  say(ended === 0 ? `Nobody was talking in ${event}.` : `${event} is paused: ${ended} talk ${ended === 1 ? 'spurt' : 'spurts'} ended.`);
}

async function readAudit() {
  try {
    side.showAudit((await (await hub.call('GET', 'api/audit?limit=50')).json()).entries);
  } catch {
    // What could not be read now is read with the next.
  }
}

$('rights').addEventListener('click', setRights);
$('detail-listen').addEventListener('click', () => dispatch.listen(model.get(grid.active).channel));
$('parrot').addEventListener('click', parrot);
$('channels').addEventListener('click', (/** @type {any} */ e) => {
  const { pause: event, select, listen, mute, last, past, choose: id } = e.target.dataset;
  if (event !== undefined) pause(event);
  else if (select !== undefined) dispatch.select(select);
  else if (listen !== undefined) dispatch.listen(listen);
  else if (mute !== undefined) dispatch.mute(mute);
  else if (last !== undefined) recall.play(last);
  else if (past !== undefined) recall.choose(past).then(schedule);
  else if (id) grid.choose(id);
});
$('channels').addEventListener('input', (e) => dispatch.setVolume(e.target.dataset.volume, Number(e.target.value)));

const talkKey = hold($('dispatch-talk'), { press: () => dispatch?.press(), release: () => dispatch?.release() });
new FootSwitch($('foot-switch'), talkKey);

$('recall-list').addEventListener('click', (e) => {
  const id = e.target.closest('button')?.dataset.play;
  if (id) recall.play(recall.channel, Number(id));
});
$('recall-last').addEventListener('click', () => recall.play(recall.channel));
$('recall-stop').addEventListener('click', () => recall.stop());
$('recall-save').addEventListener('click', () => recall.save(Number($('recall-minutes').value)));

// Whoever looks away does not know that the microphone is open.
addEventListener('blur', () => talkKey.letGo());
document.addEventListener('visibilitychange', () => { if (document.hidden) talkKey.letGo(); });

// Filter and search

for (const [name, label] of filters) {
  const tile = document.createElement('button');
  const count = document.createElement('strong');
  count.textContent = '0';
  tile.append(count, ` ${label}`);
  tile.dataset.filter = name;
  tile.className = 'tile';
  tile.addEventListener('click', () => { filter = name; choose(); });
  $('tiles').append(tile);
}

function choose() {
  model.choose(filter, $('search').value);
  $('grid').scrollTop = 0;
  schedule();
}
$('search').addEventListener('input', choose);
$('search').addEventListener('keydown', (e) => {
  if (e.key === 'Enter' || e.key === 'ArrowDown') {
    e.preventDefault();
    $('grid').focus();
  }
});
addEventListener('keydown', (/** @type {any} */ e) => {
  if (!hub || $('confirm').open || e.ctrlKey || e.altKey || e.metaKey) return;
  if (e.key === '/' && e.target.tagName !== 'INPUT') {
    e.preventDefault();
    $('search').focus();
  } else if (e.key.toLowerCase() === 'r' && !e.target.closest?.('input, select') && recall.channel !== null) {
    recall.play(recall.channel);
  } else if (e.key === 'Escape') {
    if ($('search').value !== '') {
      $('search').value = '';
      choose();
    }
    $('grid').focus();
  }
});
addEventListener('pagehide', () => dispatch?.stop());

$('to-boards').addEventListener('click', () => { if (bearer) sessionStorage.setItem('talkgate.token', bearer); });

// A token that another page handed over is used once.
const handed = sessionStorage.getItem('talkgate.token');
sessionStorage.removeItem('talkgate.token');
if (handed) open(handed);
else {
  const demo = await demoConfig().catch(() => null);
  if (demo) open(demo.token);
  else showSignIn('');
}
