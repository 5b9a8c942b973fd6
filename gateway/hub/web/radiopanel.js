import { setAttribute, setData, setHidden, setText } from './dom.js';
import { showLevel } from './meter.js';
import { facts, Mark } from './radiofacts.js';
import { showPairs } from './rows.js';

const lamps = [['link', 'Link'], ['talk', 'Talk'], ['busy', 'Busy'], ['alert', 'Alert'], ['emergency', 'Emergency'], ['squelch', 'Squelch'], ['keyed', 'Keyed']];

// RadioPanel shows a radio: lamps, levels, and what there is to say of it.
export class RadioPanel {
  #part;
  #lamps = new Map();
  #clipped = new Mark();
  #limited = new Mark();
  #always;
  #receives;
  #transmits;

  // element has .lamps, .hears, .mic, .mic-label and .facts. microphone shows that of a
  // radio without a squelch, too. receives says that it has a squelch and a transmitter,
  // for which there is room before it says so itself.
  constructor(element, { microphone = false, receives = false } = {}) {
    this.#receives = this.#transmits = receives;
    const find = (selector) => element.querySelector(selector);
    this.#part = { hears: find('.hears'), mic: find('.mic'), micLabel: find('.mic-label'), facts: find('.facts') };
    this.#always = microphone;
    for (const [name, label] of lamps) {
      const lamp = document.createElement('li');
      lamp.className = 'lamp';
      lamp.dataset.lamp = name;
      lamp.textContent = label;
      this.#lamps.set(name, lamp);
      find('.lamps').append(lamp);
    }
  }

  // render shows radio, whose name is label, at a time in ms: { lamps, level, radio } are
  // the lamps, the loudspeaker in dBFS, and a port's RadioStatus, undefined while it is
  // not known.
  render(label, { lamps: lit = {}, level, radio }, now) {
    const { hears, mic, micLabel, facts: list } = this.#part;
    this.#light({ ...lit, squelch: radio?.squelch?.open, keyed: radio?.transmitter?.keyed });
    showLevel(hears, `${label} hears`, level);
    if (radio) {
      this.#receives = radio.squelch !== undefined;
      this.#transmits = Boolean(radio.transmitter);
    }
    const receives = this.#receives;
    for (const part of [mic, micLabel]) setHidden(part, !receives && !this.#always);
    setHidden(this.#lamps.get('squelch'), !receives);
    setHidden(this.#lamps.get('keyed'), !this.#transmits);
    setHidden(list, false);
    setText(micLabel, receives ? 'Receives' : 'Microphone');
    showLevel(mic, `${label} ${receives ? 'receives' : 'microphone'}`, radio?.microphone.dBFS);
    if (!radio) {
      showPairs(list, []);
      return;
    }
    const { clipped, limited } = radio.microphone;
    showPairs(list, facts(radio, { clipped: this.#clipped.lit(clipped, now), limited: this.#limited.lit(limited ?? undefined, now) }));
  }

  #light(lit) {
    for (const [name, lamp] of this.#lamps) {
      const on = lit[name] === true;
      setData(lamp, 'on', String(on));
      setAttribute(lamp, 'aria-label', `${lamp.textContent} ${on ? 'on' : 'off'}`);
    }
  }
}
