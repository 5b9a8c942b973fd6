import { parts, setAttribute, setData, setHidden, setText } from './dom.js';
import { ago, percent, summaryOf } from './fleetstate.js';
import { showPairs } from './rows.js';
import { clock } from './status.js';

const actions = {
  'ptt.start': 'talked', 'ptt.stop': 'finished', 'ptt.denied': 'was denied the floor', 'priority_ptt.start': 'talked with priority',
  'priority_ptt.interrupted': 'interrupted', 'permission.revoked': 'was cut off', 'security.ban': 'banned', 'security.unban': 'lifted the ban of',
  'emergency_broadcast.start': 'began an emergency', 'emergency_broadcast.stop': 'ended the emergency', 'emergency.acknowledged': 'acknowledged the emergency of',
  'recall.played': 'listened to the past of', 'recall.exported': 'exported the past of', 'recall.started': 'switched recall on for', 'recall.stopped': 'switched recall off for',
  'event.set': 'changed the channels of',
  'device.invited': 'invited', 'device.decided': 'decided about', 'device.enrolled': 'enrolled', 'device.revoked': 'revoked',
  'event.paused': 'paused', 'gateway.asked': 'tried the way to the hub of', 'rights.granted': 'gave the talk right to', 'rights.taken': 'took the talk right from',
};

// FleetSide is everything beside the list: the chosen gateway, events and
// channels, the rollout, what was done.
export class FleetSide {
  #part = parts();
  #model;
  #channels = new Map();
  #events = new Map();
  #parrots;

  constructor(model, parrots) {
    this.#model = model;
    this.#parrots = parrots;
  }

  // render shows the gateway with an ID, and what a Dispatch does; recalled is the channel
  // whose past is shown.
  render(id, dispatch, recalled, now) {
    this.#detail(id, dispatch, now);
    this.#talkPanel(dispatch, recalled, now);
    this.#talk(dispatch);
    this.#rollout();
  }

  #talk(dispatch) {
    const p = this.#part;
    const { phase, text } = dispatch.talk;
    setData(p['dispatch-talk'], 'phase', phase);
    setAttribute(p['dispatch-talk'], 'aria-pressed', String(phase === 'talking'));
    const on = dispatch.selected.join(', ');
    setText(p['dispatch-talk'], phase === 'talking' ? `On air: ${on}` : on ? `Hold to talk on ${on}` : 'Hold to talk');
    setText(p['dispatch-talk-state'], text);
  }

  #detail(id, dispatch, now) {
    const p = this.#part;
    const g = id === null ? undefined : this.#model.get(id);
    setText(p['detail-title'], g ? g.name || g.id : id === null ? 'None chosen' : `${id} is not known any more`);
    setData(p.detail, 'rank', g ? this.#model.rankOf(id) : '');
    setText(p['detail-summary'], g ? summaryOf(g, this.#model.heard(g)) : id === null ? 'Choose a gateway in the list.' : '');
    setHidden(p.rights, !g?.channel);
    setHidden(p['detail-listen'], !g?.channel);
    const asking = g !== undefined && this.#parrots.asking(id);
    const parrot = asking ? 'sends a tone…' : this.#parrots.said(id);
    showPairs(p['detail-facts'], g ? [...(parrot ? [['Parrot', parrot]] : []), ...facts(g, now)].map(([name, text]) => ({ name, text })) : []);
    setHidden(p.parrot, !g?.live);
    setAttribute(p.parrot, 'aria-disabled', String(asking));
    if (!g) return;
    setText(p.rights, g.rights ? 'Take talk right' : 'Give talk right');
    setData(p.rights, 'allowed', String(g.rights));
    const { listening } = dispatch.get(g.channel);
    setAttribute(p['detail-listen'], 'aria-pressed', String(listening));
    setText(p['detail-listen'], `Listen in on ${g.channel}`);
  }

  #talkPanel(dispatch, recalled, now) {
    const { channels, events } = this.#model.overview;
    const list = this.#part.channels;
    setHidden(this.#part['no-channels'], channels.length > 0);
    // Events first, each with its channels, then channels of none.
    const wanted = [];
    const byEvent = Map.groupBy(channels, (c) => c.event ?? '');
    for (const event of [...byEvent.keys()].sort((a, b) => Number(a === '') - Number(b === '') || (a < b ? -1 : 1))) {
      if (event !== '') wanted.push(this.#event(event, events.includes(event)));
      for (const c of byEvent.get(event)) wanted.push(this.#channel(c, dispatch.get(c.id), recalled === c.id, now));
    }
    keepOnly(this.#channels, new Set(channels.map((c) => c.id)));
    keepOnly(this.#events, new Set(byEvent.keys()));
    wanted.forEach((element, i) => { if (list.children[i] !== element) list.insertBefore(element, list.children[i] ?? null); });
  }

  #event(event, pausable) {
    let li = this.#events.get(event);
    if (!li) {
      li = document.createElement('li');
      li.className = 'event';
      const name = document.createElement('strong');
      name.textContent = event;
      const pause = document.createElement('button');
      Object.assign(pause, { textContent: 'Pause', className: 'small-key' });
      pause.dataset.pause = event;
      pause.setAttribute('aria-label', `Pause ${event}: end every talk spurt`);
      li.append(name, pause);
      this.#events.set(event, li);
    }
    setHidden(li.lastElementChild, !pausable);
    return li;
  }

  #channel(c, { listening, selected, muted, volume }, recalled, now) {
    let li = this.#channels.get(c.id);
    if (!li) {
      li = newChannel(c.id);
      this.#channels.set(c.id, li);
    }
    setData(li, 'busy', String(c.holder !== null));
    setData(li, 'emergency', String(c.holder?.emergency === true));
    setData(li, 'unguarded', String(c.unguarded === true));
    const name = c.holder && (c.holder.userName || c.holder.userId || 'someone');
    const part = (what) => li.querySelector(`[data-is="${what}"]`);
    const who = part('holder');
    who.dataset.choose = c.holder?.userId ?? '';
    if (who.disabled !== !this.#model.get(c.holder?.userId)) who.disabled = !who.disabled;
    setText(who, name ? `${name} ${c.holder.since ? clock(now - c.holder.since) : ''}` : 'free');
    for (const [what, on] of [['select', selected], ['listen', listening], ['mute', muted], ['past', recalled]]) setAttribute(part(what), 'aria-pressed', String(on));
    const slider = part('volume');
    if (slider !== document.activeElement && slider.value !== String(volume)) slider.value = String(volume);
    return li;
  }

  #rollout() {
    const p = this.#part;
    const r = this.#model.overview.rollout;
    setHidden(p.rollout, !r);
    if (!r) return;
    setData(p.rollout, 'state', r.state ?? '');
    const reached = `${r.applied} of ${r.covered} live gateways have it${r.failed > 0 ? `, ${r.failed} would not` : ''}`;
    setText(p['rollout-text'], `Version ${r.version}: ${{
      trying: `${r.passed} of ${r.canaries} canaries passed`, halted: `stopped, ${r.why}`,
    }[r.state] ?? reached}`);
    const value = String(r.state === 'trying' ? r.passed / Math.max(1, r.canaries) : r.applied / Math.max(1, r.covered));
    setAttribute(p['rollout-bar'], 'value', value);
    setText(p['rollout-more'], `By ${r.author} at ${new Date(r.at).toLocaleString()}${r.reason ? `: ${r.reason}` : ''}`);
  }

  // showAudit shows entries, the newest first.
  showAudit(entries) {
    const list = this.#part.audit;
    const wanted = entries.map(sentence);
    wanted.forEach(([time, text], i) => {
      let li = list.children[i];
      if (!li) {
        li = document.createElement('li');
        li.append(document.createElement('time'), document.createElement('span'));
        list.append(li);
      }
      setText(li.firstElementChild, time);
      setText(li.lastElementChild, text);
    });
    while (list.children.length > wanted.length) list.lastElementChild.remove();
  }
}

// keepOnly removes the elements whose key is not wanted.
function keepOnly(elements, wanted) {
  for (const [key, element] of elements) {
    if (wanted.has(key)) continue;
    element.remove();
    elements.delete(key);
  }
}

// newChannel is a row of the list of channels, with its keys.
function newChannel(id) {
  const li = document.createElement('li');
  const name = document.createElement('span');
  const guard = document.createElement('em');
  guard.dataset.is = 'guard';
  guard.textContent = 'no guard';
  guard.title = 'No live guard is in the room on LiveKit: who has no floor is forwarded, too.';
  name.append(id, ' ', guard);
  const who = document.createElement('button');
  who.className = 'holder';
  who.dataset.is = 'holder';
  const keys = document.createElement('div');
  keys.className = 'channel-keys';
  for (const [what, text, label] of [
    ['select', 'Select', `Select ${id} to talk on`], ['listen', 'Listen', `Listen in on ${id}`], ['mute', 'Mute', `Mute ${id}`],
    ['volume', '', `Volume of ${id}`], ['last', '▶', `Play the last talk spurt on ${id}`], ['past', 'Past', `Past hour of ${id}`],
  ]) {
    const key = document.createElement(what === 'volume' ? 'input' : 'button');
    if (what === 'volume') Object.assign(key, { type: 'range', min: '0', max: '1', step: '0.05', value: '1' });
    else Object.assign(key, { className: 'small-key', textContent: text });
    key.dataset.is = what;
    key.dataset[what] = id;
    key.setAttribute('aria-label', label);
    keys.append(key);
  }
  li.append(name, who, keys);
  return li;
}

function facts(g, now) {
  const q = (way) => (way ? `${percent(way.loss)} lost, ${way.jitterMs.toFixed(1)} ms jitter` : 'not measured');
  const list = [['ID', g.id], ['Channel', g.channel || '–'], ...(g.monitor ? [['Listens to', g.monitor.join(', ')]] : []), ['Group', g.group || '–'], ['Version', g.version],
    ['Seen', g.live ? 'now' : `${ago(g.seen, now)} ago`]];
  if (g.error) return [...list, ['Report', g.error]];
  if (!g.live) return [...list, ['Said last', g.summary]];
  return [...list, ['Running for', ago(now - g.up * 1000, now)], ['Round trip', g.link.rttMs > 0 ? `${g.link.rttMs.toFixed(1)} ms` : 'not measured'], ['Sends', q(g.link.out)], ['Hears', q(g.link.in)],
    ['Sound card', `${g.xruns} overruns and underruns`], ['Board', [g.celsius === undefined ? 'no sensor' : `${g.celsius.toFixed(1)} °C`, ...(g.throttled ?? [])].join(', ')],
    ['Configuration', g.config === 0 ? 'its own file' : `version ${g.config}${g.configResult && g.configResult !== 'applied' ? `, ${g.configResult}: ${g.configError ?? ''}` : ''}`]];
}

function sentence(e) {
  const target = [e.targetId, e.metadata?.channel && `on ${e.metadata.channel}`].filter(Boolean).join(' ');
  return [new Date(e.timestamp).toLocaleTimeString([], { hour12: false }), `${e.actorId} ${actions[e.action] ?? e.action} ${target}`];
}
