import { setText } from './dom.js';
import { hold } from './hold.js';
import { showLevel } from './meter.js';
import { RadioPanel } from './radiopanel.js';
import { activity } from './status.js';

// maxStrips bounds how many strips are kept for members who left.
const maxStrips = 50;

// Stations draws one strip per member of the channel and per virtual radio.
export class Stations {
  #list;
  #template;
  #actions;
  #strips = new Map();

  // actions is { press(radioName, down), dial(radioName, digits), setRights(userId, allowed) }.
  constructor(list, template, actions) {
    this.#list = list;
    this.#template = template;
    this.#actions = actions;
  }

  // render shows the model's members, radios first, then the visitor, then others. A strip
  // keeps its place when its member leaves, so that no key moves under a finger.
  render(m) {
    const members = new Map(m.members.map((member) => [member.userId, member]));
    const ids = new Set([...m.radios.keys(), ...(members.has(m.me) ? [m.me] : []), ...members.keys()]);
    for (const id of this.#strips.keys()) {
      if (this.#strips.size <= maxStrips) break;
      if (!ids.has(id)) this.#remove(id);
    }
    for (const id of ids) {
      if (this.#strips.has(id)) continue;
      const strip = new Strip(this.#template, id, m.radios.get(id), this.#actions);
      this.#strips.set(id, strip);
      this.#list.append(strip.element);
    }
    for (const [id, strip] of this.#strips) strip.render(m, members.get(id), m.radios.get(id));
    return this.#strips.size;
  }

  #remove(id) {
    this.#strips.get(id).remove();
    this.#strips.delete(id);
  }

  // letGo releases every radio that is held, but not those that are latched.
  letGo() {
    for (const strip of this.#strips.values()) strip.letGo();
  }
}

class Strip {
  #id;
  #part;
  #key = null;
  #panel = null;
  #locked = false;
  #held = false;
  #latched = false;
  #down = false;
  #allowed = false;
  #name = '';

  constructor(template, id, radio, actions) {
    this.#id = id;
    this.element = template.content.firstElementChild.cloneNode(true);
    const find = (selector) => this.element.querySelector(selector);
    this.#part = {
      name: find('.name'), you: find('.you'), activity: find('.activity'), lamps: find('.lamps'),
      sends: find('.sends'), hears: find('.hears'), hearsLabel: find('.hears-label'),
      key: find('.key'), latch: find('.latch'), dial: find('.dial'), rights: find('.rights'),
    };
    this.element.dataset.user = id;
    this.#part.rights.addEventListener('click', () => actions.setRights(id, !this.#allowed));
    if (radio) this.#wireRadio(radio, actions);
  }

  #wireRadio(radio, actions) {
    const { key, latch, dial, lamps, hears, hearsLabel } = this.#part;
    this.#panel = new RadioPanel(this.element, { receives: radio.receives === true });
    dial.hidden = !radio.lock;
    dial.addEventListener('click', () => actions.dial(radio.name, this.#locked ? radio.unlock : radio.lock));
    if (radio.receives) setText(key, 'Call in');
    for (const part of [key, latch, lamps, hears, hearsLabel]) part.hidden = false;
    const apply = () => {
      const down = this.#held || this.#latched;
      if (down === this.#down) return;
      this.#down = down;
      actions.press(radio.name, down);
    };
    this.#key = hold(key, {
      press: () => { this.#held = true; apply(); },
      release: () => { this.#held = false; apply(); },
    });
    latch.addEventListener('click', () => {
      this.#latched = !this.#latched;
      latch.setAttribute('aria-pressed', String(this.#latched));
      apply();
    });
  }

  letGo() {
    this.#key?.letGo();
  }

  remove() {
    this.letGo();
    this.element.remove();
  }

  render(m, member, radio) {
    const { name, you, activity: text, sends, hears, rights } = this.#part;
    this.#name = radio?.name ?? member?.userName ?? (this.#name || this.#id);
    const label = this.#name;
    this.element.dataset.here = String(Boolean(member || radio));
    setText(name, label);
    you.hidden = this.#id !== m.me;
    setText(text, stripStanding(m, member, radio));
    this.element.dataset.onAir = String(m.holder?.userId === this.#id);
    showLevel(sends, `${label} sends`, m.levels[this.#id]);
    if (radio) this.#renderRadio(label, radio);
    if (this.#id === m.me) {
      this.#part.hearsLabel.hidden = hears.hidden = false;
      showLevel(hears, `${label} hears`, m.hears);
    }
    rights.hidden = !m.manages;
    rights.disabled = !member;
    this.#renderRights(label, member);
  }

  #renderRadio(label, radio) {
    const { key, latch, dial } = this.#part;
    this.#panel.render(label, radio, performance.now());
    this.#locked = radio.radio?.talk.locked === true;
    setText(dial, this.#locked ? 'Unlock by DTMF' : 'Lock by DTMF');
    dial.setAttribute('aria-label', `${this.#locked ? 'Unlock' : 'Lock'} by DTMF: ${label}`);
    key.dataset.pressed = String(radio.pressed === true);
    key.setAttribute('aria-label', radio.receives ? `Hold to call in over ${label}` : `Hold to talk on ${label}`);
    latch.setAttribute('aria-label', radio.receives ? `Latch the call over ${label}` : `Latch the talk key of ${label}`);
  }

  #renderRights(label, member) {
    const { rights } = this.#part;
    if (member) this.#allowed = member.rights === true;
    setText(rights, this.#allowed ? 'Take talk right' : 'Give talk right');
    rights.dataset.allowed = String(this.#allowed);
    rights.setAttribute('aria-label', this.#allowed ? `Take talk right from ${label}` : `Give talk right to ${label}`);
  }
}

function stripStanding(m, member, radio) {
  if (radio?.known === false || m.hub !== 'up') return 'state unknown';
  const text = activity(member, m.holder);
  // A port remembers its last reason; it matters while the lamp is on, or it waits in the queue.
  return (radio?.lamps?.alert || radio?.state === 'waiting') && radio.reason ? `${text} · ${radio.reason}` : text;
}
