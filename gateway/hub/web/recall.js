import { setAttribute, setData, setHidden, setText } from './dom.js';
import { showRows } from './rows.js';
import { clock } from './status.js';

const ended = { revoked: 'talk right taken away', banned: 'banned', 'timed-out': 'talked too long', redis: 'Redis away', silent: 'no sound', 'no-session': 'connection lost', 'no-events': 'connection lost' };

// Recall shows what was said on one channel in the last hour, and plays it.
export class Recall {
  #hub;
  #part;
  #say;
  #channel = null;
  #kept = 0; // for how long, s
  #spurts = [];
  #playing = null; // { id, stop }
  #holder = undefined;
  #context = null;

  // part has the elements of fleet.html by their ID; say(text) tells the dispatcher.
  constructor({ hub, part, say }) {
    this.#hub = hub;
    this.#part = part;
    this.#say = say;
  }

  get channel() { return this.#channel; }

  // choose shows a channel.
  async choose(channel) {
    this.#channel = channel;
    this.#spurts = [];
    setText(this.#part['recall-title'], `Last hour on ${channel}`);
    this.#render(Date.now());
    await this.#read();
  }

  // onOverview reads the talk spurts of a channel anew when one began or ended.
  onOverview({ channels }) {
    const c = channels.find(({ id }) => id === this.#channel);
    const holder = c?.holder ? `${c.holder.userId} ${c.holder.since}` : '';
    if (this.#channel === null && channels.length > 0) this.choose(channels[0].id);
    else if (holder !== this.#holder && this.#channel !== null) this.#read();
    this.#holder = holder;
  }

  async #read() {
    const channel = this.#channel;
    try {
      const { recall, spurts } = await (await this.#hub.call('GET', `${path(channel)}`)).json();
      if (channel !== this.#channel) return;
      this.#kept = recall;
      this.#spurts = spurts;
    } catch (e) {
      if (channel === this.#channel) this.#say(`Recall of ${channel}: ${e.message}`);
    }
    this.#render(Date.now());
  }

  // play plays a talk spurt of a channel, the newest one without id. Call it from a click
  // or a key.
  async play(channel, id = 'last') {
    this.stop();
    this.#context ??= new AudioContext();
    this.#context.resume();
    const source = new AudioBufferSourceNode(this.#context);
    const playing = { id, stop: () => { source.onended = null; source.disconnect(); } };
    this.#playing = playing;
    this.#render(Date.now());
    try {
      const response = await this.#hub.call('GET', `${path(channel)}/${id}`);
      const sound = await this.#context.decodeAudioData(await response.arrayBuffer());
      if (this.#playing !== playing) return;
      source.buffer = sound;
      source.onended = () => { if (this.#playing === playing) this.stop(); };
      source.connect(this.#context.destination);
      source.start();
    } catch (e) {
      if (this.#playing === playing) this.stop();
      this.#say(`Recall of ${channel}: ${e.status === 404 ? 'nothing was said there in the last hour.' : e.message}`);
    }
  }

  stop() {
    this.#playing?.stop();
    this.#playing = null;
    this.#render(Date.now());
  }

  // save writes the last minutes of the channel to a file of the user's.
  async save(minutes) {
    const channel = this.#channel;
    const to = Date.now();
    try {
      const response = await this.#hub.call('GET', `${path(channel)}/export?from=${to - minutes * 60000}&to=${to}`);
      const link = document.createElement('a');
      link.href = URL.createObjectURL(await response.blob());
      link.download = `${channel.replace(/[^\w-]+/g, '_')}-${new Date(to).toISOString().slice(0, 19).replace(/[:T]/g, '-')}.ogg`;
      link.click();
      URL.revokeObjectURL(link.href);
    } catch (e) {
      this.#say(`Export of ${channel}: ${e.status === 404 ? `nothing was said in the last ${minutes} minutes.` : e.message}`);
    }
  }

  #render(now) {
    const p = this.#part;
    const kept = this.#kept * 1000 || 3600000;
    const shown = this.#spurts;
    showRows(p['recall-line'], shown, () => document.createElement('i'), (mark, s) => {
      mark.style.left = `${Math.max(0, 100 * (1 - (now - s.since) / kept))}%`;
      mark.style.width = `${100 * s.length / kept}%`;
      setData(mark, 'emergency', String(s.emergency === true));
    });
    showRows(p['recall-list'], [...shown].reverse(), newRow, (row, s) => {
      const button = row.firstElementChild;
      const playing = this.#playing && (this.#playing.id === s.id || (this.#playing.id === 'last' && s === shown.at(-1)));
      setData(button, 'play', String(s.id));
      setAttribute(button, 'aria-pressed', String(Boolean(playing)));
      setText(button.children[0], new Date(s.since).toLocaleTimeString([], { hour12: false }));
      setText(button.children[1], s.userName || s.userId);
      setText(button.children[2], clock(s.length));
      setText(button.children[3], [s.emergency && 'emergency', s.by ? `cut by ${s.by}` : ended[s.ended]].filter(Boolean).join(', '));
    });
    setHidden(p['recall-empty'], shown.length > 0);
    setText(p['recall-empty'], this.#channel === null ? 'No channel is chosen.' : this.#kept === 0 && shown.length === 0 ? 'Nothing is kept of this channel.' : 'Nothing was said in the last hour.');
  }
}

function path(channel) { return `api/channels/${encodeURIComponent(channel)}/recall`; }

function newRow() {
  const row = document.createElement('li');
  const button = document.createElement('button');
  button.append(...['time', 'b', 'span', 'small'].map((tag) => document.createElement(tag)));
  row.append(button);
  return row;
}
