import { hold } from './hold.js';

// guardTime is how long the emergency button is held before it counts, in ms.
export const guardTime = 2000;

// alarm makes a button count once it has been held for the guard: held() is called
// then, done() when it is let go. Returns what hold does.
export function alarm(button, { held, done }) {
  let guard = 0;
  return hold(button, {
    press: () => {
      button.dataset.armed = 'true';
      guard = setTimeout(() => {
        button.dataset.armed = 'false';
        held();
      }, guardTime);
    },
    release: () => {
      clearTimeout(guard);
      button.dataset.armed = 'false';
      done();
    },
  });
}
