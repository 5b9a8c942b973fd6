import { setAttribute, setText } from './dom.js';

// stored is where the browser keeps which key talks.
const stored = 'talkgate.talkKey';

// FootSwitch has a key of the keyboard talk wherever the focus is: a foot switch or a
// headset's button reports itself as one, mostly F13 to F24.
export class FootSwitch {
  #button;
  #learning = false;

  // key is what hold returns. A click on button has the next key be the one.
  constructor(button, key) {
    this.#button = button;
    button.addEventListener('click', () => {
      this.#learning = !this.#learning;
      this.#render();
    });
    addEventListener('keydown', (e) => {
      if (this.#learning) this.#learn(e);
      else if (e.code === this.#code && !e.repeat) key.down('foot switch');
      else if (e.code !== this.#code) return;
      e.preventDefault();
    }, { capture: true });
    addEventListener('keyup', (e) => { if (e.code === this.#code) key.up('foot switch'); });
    this.#render();
  }

  get #code() { return localStorage.getItem(stored); }

  #learn(e) {
    this.#learning = false;
    e.stopPropagation();
    // Keys that the page needs are not given away; Escape forgets the one there was.
    if (['Tab', 'Enter', 'Space', 'Escape', 'ArrowUp', 'ArrowDown', 'ShiftLeft', 'ShiftRight'].includes(e.code)) localStorage.removeItem(stored);
    else localStorage.setItem(stored, e.code);
    this.#render();
  }

  #render() {
    setText(this.#button, this.#learning ? 'Press the key now' : `Talk key: ${this.#code ?? 'none'}`);
    setAttribute(this.#button, 'aria-pressed', String(this.#learning));
  }
}
