import { setAttribute, setData, setHidden, setText } from './dom.js';
import { showLevel } from './meter.js';
import { facts, Mark } from './radiofacts.js';

// RadioPanel shows what a virtual radio has besides its lamps and its key.
export class RadioPanel {
  #part;
  #clipped = new Mark();
  #limited = new Mark();
  #locked = false;

  // element is a strip made of the template; dial(digits) dials on the radio.
  constructor(element, radio, dial) {
    const find = (selector) => element.querySelector(selector);
    this.#part = {
      facts: find('.facts'), mic: find('.mic'), micLabel: find('.mic-label'), dial: find('.dial'),
      squelch: find('[data-lamp="squelch"]'), keyed: find('[data-lamp="keyed"]'),
    };
    this.#part.dial.addEventListener('click', () => dial(this.#locked ? radio.unlock : radio.lock));
  }

  // render shows radio, whose name is label, at a time in ms.
  render(label, radio, now) {
    const { facts: list, mic, micLabel, dial, squelch, keyed } = this.#part;
    const status = radio.known === false ? undefined : radio.radio;
    const talks = status?.squelch;
    setHidden(list, !status);
    for (const part of [mic, micLabel, squelch]) setHidden(part, !talks);
    setHidden(keyed, !status?.transmitter);
    setHidden(dial, !radio.lock);
    this.#locked = status?.talk.locked === true;
    setText(dial, this.#locked ? 'Unlock by DTMF' : 'Lock by DTMF');
    setAttribute(dial, 'aria-label', `${this.#locked ? 'Unlock' : 'Lock'} ${label} by DTMF`);
    if (!status) return;
    const { clipped, limited, dBFS } = status.microphone;
    if (talks) showLevel(mic, `${label} receives`, dBFS);
    this.#show(facts(status, { clipped: this.#clipped.lit(clipped, now), limited: this.#limited.lit(limited ?? undefined, now) }));
  }

  #show(all) {
    const list = this.#part.facts;
    while (list.children.length > all.length) list.lastElementChild.remove();
    all.forEach(({ name, text, is }, i) => {
      const row = list.children[i] ?? list.appendChild(newRow());
      setText(row.firstElementChild, name);
      setText(row.lastElementChild, text);
      setData(row, 'is', is);
    });
  }
}

function newRow() {
  const row = document.createElement('div');
  row.append(document.createElement('dt'), document.createElement('dd'));
  return row;
}
