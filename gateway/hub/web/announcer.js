import { setText } from './dom.js';

// Announcer says what is new to those who listen to the page, once.
export class Announcer {
  #polite;
  #urgent;
  #said = '';

  // polite is a role=status element, urgent a role=alert one.
  constructor(polite, urgent) {
    this.#polite = polite;
    this.#urgent = urgent;
  }

  say(text, urgent) {
    if (text === this.#said) return;
    this.#said = text;
    setText(urgent ? this.#urgent : this.#polite, text);
    setText(urgent ? this.#polite : this.#urgent, '');
  }
}
