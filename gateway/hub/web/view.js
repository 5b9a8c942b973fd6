import { Announcer } from './announcer.js';
import { parts, setText } from './dom.js';
import { showLevel } from './meter.js';
import { Stations } from './stations.js';
import { clock, describe, talkLabel } from './status.js';
import { readClaims } from './token.js';

const logLength = 40;

// View shows a Console's model in the document of index.html.
export class View {
  #part = parts();
  #stations;
  #announcer = new Announcer(this.#part.polite, this.#part.urgent);
  #scheduled = false;

  // actions are those of Stations.
  constructor(actions) {
    this.#stations = new Stations(this.#part.stations, this.#part.station, actions);
  }

  // schedule calls render once before the next frame, however often it is asked.
  schedule(render) {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      render();
    });
  }

  render(model) {
    const p = this.#part;
    const now = Date.now();
    const m = { ...model, retryIn: Math.ceil((model.retryAt - now) / 1000) };
    const status = describe(m);
    document.body.dataset.phase = status.phase;
    document.body.dataset.joined = m.joined ?? 'no';
    document.title = `${status.headline} – talkgate`;
    setText(p.headline, status.headline);
    setText(p.detail, status.detail);
    this.#announce(status, m);
    if (!m.signedIn) {
      for (const part of [p.controls, p.leave, p['to-fleet'], p['channel-line'], p.clock, p['take-over']]) part.hidden = true;
      return;
    }
    p.kept.hidden = !m.recall;
    setText(p.kept, `· recorded, kept ${Math.round(m.recall / 60)} min`);
    this.#clock(m, now);
    setText(p.channel, m.channel);
    p['channel-line'].hidden = false;
    p.controls.hidden = false;
    p['take-over'].hidden = !m.elsewhere || m.joined !== 'yes';
    p.join.hidden = m.joined === 'yes';
    for (const button of p.join.querySelectorAll('button')) button.disabled = m.joined === 'joining';
    p.push.hidden = m.joined !== 'yes' || m.microphone === 'none';
    // On LiveKit a voice reaches its own room only.
    p.emergency.hidden = p.push.hidden || !m.breaksIn || m.room;
    setText(p.emergency, m.talk.emergency && m.talk.phase === 'talking' ? 'Hold 2 s to end the emergency' : 'Hold 2 s: emergency');
    p.emergency.setAttribute('aria-pressed', String(m.talk.emergency));
    document.body.dataset.emergency = m.holder?.emergency ? 'yes' : 'no';
    p.leave.hidden = false;
    p.leave.disabled = m.joined !== 'yes';
    p['to-fleet'].hidden = !m.manages;
    setText(p['talk-label'], talkLabel(status.phase, m));
    p.talk.setAttribute('aria-pressed', String(m.talk.phase === 'talking'));
    showLevel(p['floor-meter'], 'Level on the channel', m.holder ? m.levels[m.holder.userId] : undefined);
    this.#health(m);
    p.empty.hidden = this.#stations.render(m) > 0;
  }

  // letGo releases what is held in the stations.
  letGo() {
    this.#stations.letGo();
  }

  // showSignIn shows or hides the form, with what is wrong.
  showSignIn(shown, problem = '') {
    this.#part['sign-in'].hidden = !shown;
    setText(this.#part['sign-in-error'], problem);
    if (!shown) this.#part.token.value = '';
  }

  // suggestChannels offers what a token opens.
  suggestChannels(token) {
    let channels = [];
    try {
      channels = readClaims(token).channels;
    } catch {
      // Half a token names no channel.
    }
    const input = this.#part['channel-input'];
    this.#part.channels.replaceChildren(...channels.map((c) => new Option(c, c)));
    if (input.value === '' && channels.length > 0) input.value = channels[0];
  }

  // log adds a line, the newest first.
  log(text) {
    const line = document.createElement('li');
    const time = document.createElement('time');
    time.textContent = new Date().toLocaleTimeString([], { hour12: false });
    line.append(time, ` ${text}`);
    this.#part.log.prepend(line);
    this.#part['log-section'].hidden = false;
    while (this.#part.log.children.length > logLength) this.#part.log.lastChild.remove();
  }

  #clock(m, now) {
    const since = m.holder?.since;
    this.#part.clock.hidden = !since;
    if (since) setText(this.#part.clock, clock(now + m.skew - since));
  }

  // announce says a new state once, to those who listen to the page.
  #announce(status, m) {
    const sentence = status.phase === 'busy' && m.holder?.userId !== m.me && !m.holder?.emergency
      ? `${status.headline} is talking`
      : status.headline;
    this.#announcer.say(status.urgent ? `${sentence}. ${withoutCountdown(status.detail)}` : sentence, status.urgent);
  }

  #health(m) {
    const off = m.joined === 'no';
    const up = m.hub === 'up';
    this.#lamp('hub', { up: 'up', away: 'away', connecting: 'connecting' }[m.hub]);
    this.#lamp('redis', !up ? 'unknown' : m.redis ? 'up' : 'away');
    this.#lamp('sound', off ? 'off' : m.listenLink);
    this.#lamp('microphone', off || m.microphone === 'none' ? 'off'
      : m.microphone === 'failed' ? 'away'
        : m.talk.phase === 'talking' ? 'open' : m.talkLink === 'up' ? 'closed' : m.talkLink);
  }

  #lamp(name, text) {
    const element = this.#part[`health-${name}`];
    element.dataset.is = text;
    setText(element.lastElementChild, text);
  }
}

function withoutCountdown(text) {
  return text.replace(/ ?(Next try in \d+\s+s\.|Trying again…)/, '');
}
