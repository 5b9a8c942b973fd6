import { Announcer } from './announcer.js';
import { parts, setAttribute, setData, setHidden, setText } from './dom.js';
import { channels, connections, describe, details, faults, lines } from './portstate.js';
import { RadioPanel } from './radiopanel.js';
import { showPairs, showRows } from './rows.js';

// PortView shows a port in the document of port.html.
export class PortView {
  #part = parts();
  #panel = new RadioPanel(this.#part.radio, { microphone: true });
  #announcer = new Announcer(this.#part.polite, this.#part.urgent);

  // render shows a status that was read at a time in ms, null for none yet, and why there
  // is no newer one, '' while there is.
  render(s, readAt, problem, now) {
    const p = this.#part;
    const floor = describe(s, problem);
    const name = s ? s.userName || s.userId : 'Port';
    const wrong = s ? faults(s) : [];
    document.title = `${floor.headline} – ${name}`;
    setData(document.body, 'phase', floor.phase);
    setData(document.body, 'emergency', s?.emergency && !problem ? 'yes' : 'no');
    setText(p.name, name);
    setText(p.headline, floor.headline);
    setText(p.detail, floor.detail);
    setText(p.age, s && problem ? `As it was at ${new Date(readAt).toLocaleTimeString([], { hour12: false })}, ${Math.round((now - readAt) / 1000)} s ago` : 'Floor');
    this.#announcer.say([floor.headline, floor.detail, ...(problem ? [] : wrong.map((f) => `${f.name}: ${f.found} ${f.todo}`))].join('. '), floor.urgent || wrong.length > 0);
    for (const part of [p.cards, p.connections]) setHidden(part, !s);
    setHidden(p.faults, wrong.length === 0);
    if (s) this.#show(s, name, wrong, problem !== '', now);
  }

  #show(s, name, wrong, old, now) {
    const p = this.#part;
    showPairs(p.connections, connections(s));
    showRows(p['faults-list'], wrong, newFault, (row, fault) => {
      ['name', 'found', 'todo'].forEach((what, i) => setText(row.children[i], fault[what]));
    });
    setAttribute(p.radio.querySelector('.lamps'), 'aria-label', old ? 'Lamps as they were' : 'Lamps');
    this.#panel.render(name, { lamps: s.lamps, level: old ? undefined : s.speakerDBFS, radio: old ? quiet(s.radio) : s.radio }, now);
    for (const [section, list] of [['channels', channels(s)], ['lines', lines(s)]]) {
      setHidden(p[section], list.length === 0);
      showPairs(p[`${section}-list`], list);
    }
    showPairs(p.details, details(s, now));
  }
}

// quiet is a radio whose microphone nobody hears of any more.
function quiet(radio) {
  return { ...radio, microphone: { ...radio.microphone, dBFS: undefined } };
}

function newFault() {
  const row = document.createElement('li');
  row.append(document.createElement('strong'), document.createElement('p'), document.createElement('p'));
  row.lastElementChild.className = 'todo';
  return row;
}
