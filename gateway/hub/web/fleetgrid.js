import { setAttribute, setData, setText } from './dom.js';
import { ago, linkOf, summaryOf } from './fleetstate.js';
import { floor, toScale } from './level.js';

// rowHeight is that of .row in fleet.css, in CSS pixels.
const rowHeight = 46;
// spare is how many rows beyond the window are there for a quick scroll.
const spare = 4;

// FleetGrid shows a list of any length with as many rows as fit the window, and
// changes only what changed. One row is active: the one the keyboard is on.
export class FleetGrid {
  #grid;
  #rows;
  #template;
  #model;
  #onChoose;
  #onEnter;
  #pool = [];
  #active = null; // ID

  // onChoose(id) is told which gateway is active, onEnter() when it is to be acted on.
  constructor({ grid, rows, template, model, onChoose, onEnter, changed }) {
    this.#grid = grid;
    this.#rows = rows;
    this.#template = template;
    this.#model = model;
    this.#onChoose = onChoose;
    this.#onEnter = onEnter;
    grid.addEventListener('scroll', changed, { passive: true });
    grid.addEventListener('keydown', (e) => this.#key(e));
    rows.addEventListener('click', (e) => {
      const row = e.target.closest('.row');
      if (row) this.choose(row.dataset.id);
    });
    new ResizeObserver(changed).observe(grid);
  }

  get active() { return this.#active; }

  choose(id) {
    this.#active = id;
    this.#onChoose(id);
  }

  render(now) {
    const shown = this.#model.shown;
    setAttribute(this.#grid, 'aria-rowcount', String(shown.length + 1));
    const height = `${shown.length * rowHeight}px`;
    if (this.#rows.style.height !== height) this.#rows.style.height = height;
    const size = Math.min(shown.length, Math.ceil(this.#grid.clientHeight / rowHeight) + 2 * spare);
    const first = Math.max(0, Math.min(shown.length - size, Math.floor(this.#grid.scrollTop / rowHeight) - spare));
    const last = first + size;
    this.#fit(size);
    let active = '';
    // A row keeps its place in the pool while it is in the window: the list is
    // scrolled by changing those that left it.
    for (let i = first; i < last; i++) {
      const row = this.#pool[i % this.#pool.length];
      row.render(i, this.#model, shown[i], shown[i] === this.#active, now);
      if (shown[i] === this.#active) active = row.element.id;
    }
    if (active === '') this.#grid.removeAttribute('aria-activedescendant');
    else setAttribute(this.#grid, 'aria-activedescendant', active);
  }

  #fit(size) {
    while (this.#pool.length < size) {
      const row = new Row(this.#template, this.#pool.length);
      this.#pool.push(row);
      this.#rows.append(row.element);
    }
    while (this.#pool.length > size) this.#pool.pop().element.remove();
  }

  #key(e) {
    const shown = this.#model.shown;
    if (shown.length === 0 || e.ctrlKey || e.altKey || e.metaKey) return;
    const at = shown.indexOf(this.#active);
    const page = Math.max(1, Math.floor(this.#grid.clientHeight / rowHeight) - 2);
    const to = {
      ArrowDown: at + 1, ArrowUp: at < 0 ? 0 : at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: shown.length - 1,
    }[e.key];
    if (to !== undefined) {
      e.preventDefault();
      this.#goTo(Math.min(shown.length - 1, Math.max(0, to)));
    } else if (e.key === 'Enter' && at >= 0) {
      e.preventDefault();
      this.#onEnter();
    }
  }

  #goTo(index) {
    const top = index * rowHeight;
    const room = this.#grid.clientHeight - 2 * rowHeight; // the head covers a row
    if (top < this.#grid.scrollTop) this.#grid.scrollTop = top;
    else if (top > this.#grid.scrollTop + room) this.#grid.scrollTop = top - room;
    this.choose(this.#model.shown[index]);
  }
}

class Row {
  #part;
  #top = -1;

  constructor(template, number) {
    this.element = template.content.firstElementChild.cloneNode(true);
    this.element.id = `row-${number}`;
    const find = (selector) => this.element.querySelector(selector);
    this.#part = {
      lamps: [...this.element.querySelectorAll('[data-lamp]')], lit: find('.lit'), name: find('.name b'), id: find('.name small'),
      channel: find('.on'), summary: find('.summary'), meter: find('.meter'), link: find('.link'), board: find('.board'),
      version: find('.version'), seen: find('.seen'),
    };
    this.#part.meter.setAttribute('aria-valuemin', String(floor));
    this.#part.meter.setAttribute('aria-valuemax', '0');
  }

  render(index, model, id, active, now) {
    const { element } = this;
    const p = this.#part;
    const g = model.get(id);
    if (this.#top !== index) {
      this.#top = index;
      element.style.transform = `translateY(${index * rowHeight}px)`;
      element.setAttribute('aria-rowindex', String(index + 2));
    }
    setData(element, 'id', id);
    setData(element, 'rank', model.rankOf(id));
    setData(element, 'talking', String(g.lamps.talk));
    setAttribute(element, 'aria-selected', String(active));
    const lamps = model.lamps(g);
    for (const lamp of p.lamps) setData(lamp, 'on', String(lamps[lamp.dataset.lamp] === true));
    setText(p.lit, Object.keys(lamps).filter((name) => lamps[name]).join(', ') || 'all dark');
    setText(p.name, g.name || g.id);
    setText(p.id, g.name && g.name !== g.id ? g.id : g.group);
    setText(p.channel, g.channel);
    setText(p.summary, `${model.rankOf(id) === 'emergency' ? 'EMERGENCY · ' : ''}${summaryOf(g, model.heard(g))}`);
    this.#level(p.meter, g);
    setText(p.link, linkOf(g));
    setText(p.board, g.live && g.celsius !== undefined ? `${g.celsius.toFixed(0)} °C` : '');
    setText(p.version, g.version);
    setText(p.seen, g.live ? 'now' : ago(g.seen, now));
  }

  #level(meter, g) {
    const level = g.live ? Math.round(Math.min(0, Math.max(floor, g.mic))) : floor;
    if (meter.getAttribute('aria-valuenow') === String(level)) return;
    meter.style.setProperty('--level', toScale(level).toFixed(2));
    meter.setAttribute('aria-valuenow', String(level));
    meter.setAttribute('aria-label', 'Microphone');
    meter.setAttribute('aria-valuetext', level <= floor ? 'silent' : `${level} decibels`);
  }
}
