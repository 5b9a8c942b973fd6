import { setAttribute, setData, setHidden, setText } from './dom.js';
import { clock } from './status.js';

// soundPeriod is how often the alarm sounds while something waits to be acknowledged, in ms.
const soundPeriod = 1500;

// settleTime is how long the button stays off after it was pressed, in ms: a second press
// must not acknowledge what has just taken the place of the first.
const settleTime = 1000;

// Emergencies shows the emergencies of the fleet, and sounds until each is acknowledged.
// It works in a tab that nobody looks at, too.
export class Emergencies {
  #list = [];
  #part;
  #siren;
  #icon;
  #title = document.title;
  #blinks = false;
  #settled = 0;

  // part has the elements of fleet.html by their ID. acknowledge(id) tells the hub,
  // siren() makes one sound.
  constructor(part, { acknowledge, siren }) {
    this.#part = part;
    this.#siren = siren;
    this.#icon = document.querySelector('link[rel=icon]');
    part.acknowledge.addEventListener('click', () => {
      const [first] = this.waiting;
      if (!first || performance.now() < this.#settled) return;
      this.#settled = performance.now() + settleTime;
      acknowledge(first.id);
    });
    setInterval(() => this.#tick(), soundPeriod);
  }

  // users are the IDs of those who have an emergency now.
  get users() { return new Set(this.#list.filter((e) => !e.ended).map((e) => e.userId)); }

  // waiting are those that nobody has acknowledged, the newest first.
  get waiting() { return this.#list.filter((e) => !e.acknowledged); }

  // receive takes what the hub told: all that there are, the oldest first.
  receive(list) {
    const known = new Set(this.#list.map((e) => e.id));
    this.#list = [...list].reverse();
    const fresh = this.#list.filter((e) => !known.has(e.id) && !e.acknowledged);
    if (fresh.length > 0) {
      setText(this.#part.urgent, fresh.map((e) => `Emergency: ${e.userName} ${describe(e, Date.now()).where}`).join('. '));
      this.#tick();
    }
    this.render(Date.now());
  }

  // forget is for a console that is left.
  forget() {
    this.receive([]);
  }

  render(now) {
    const p = this.#part;
    const { waiting } = this;
    const [shown] = [...waiting, ...this.#list.filter((e) => !e.ended), ...this.#list];
    const state = waiting.length > 0 ? 'waiting' : !shown ? 'none' : shown.ended ? 'over' : 'known';
    setData(p.emergency, 'state', state);
    setData(document.body, 'emergency', state === 'waiting' || state === 'known' ? 'yes' : 'no');
    const { where, more } = shown ? describe(shown, now) : { where: '', more: '' };
    setText(p['emergency-who'], shown ? `Emergency: ${shown.userName}` : 'No emergency');
    setText(p['emergency-where'], where);
    setText(p['emergency-more'], [more, waiting.length > 1 && `${waiting.length - 1} more to acknowledge`].filter(Boolean).join(' · '));
    setHidden(p.acknowledge, false);
    setAttribute(p.acknowledge, 'aria-disabled', String(state !== 'waiting'));
    setAttribute(this.#icon, 'href', waiting.length > 0 ? 'favicon-emergency.svg' : 'favicon.svg');
  }

  #tick() {
    const [first] = this.waiting;
    this.#blinks = Boolean(first) && !this.#blinks;
    document.title = this.#blinks ? `EMERGENCY ${first.userName} – ${first.channel}` : this.#title;
    if (first) this.#siren();
  }
}

// describe says where an emergency is and since when, and who has acknowledged it.
function describe(e, now) {
  const since = new Date(e.since).toLocaleTimeString([], { hour12: false });
  const others = e.channels.length - 1;
  const where = `on ${e.channel}${others > 0 ? ` and ${others} more` : ''}`;
  const how = e.ended ? `since ${since}, ended after ${clock(e.ended - e.since)}` : `since ${since}, ${clock(now - e.since)}`;
  return {
    where: `${where} ${how}`,
    more: e.acknowledged ? `acknowledged by ${e.acknowledged.by} at ${new Date(e.acknowledged.at).toLocaleTimeString([], { hour12: false })}` : 'nobody has acknowledged it',
  };
}
