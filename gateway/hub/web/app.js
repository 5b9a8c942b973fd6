import { alarm } from './alarm.js';
import { Console } from './console.js';
import { demoConfig } from './demo.js';
import { hold } from './hold.js';
import { Microphone } from './microphone.js';
import { readClaims } from './token.js';
import { View } from './view.js';

// The element that is in the document as id.
/** @type {(id: string) => any} */
const $ = (id) => document.getElementById(id);

let channel = null; // the Console, once signed in
let bearer = '';
const view = new View({
  press: (name, down) => channel.pressRadio(name, down),
  dial: (name, digits) => channel.dialRadio(name, digits),
  setRights: (userId, allowed) => channel.setRights(userId, allowed),
});
const render = () => view.render(channel?.model ?? { signedIn: false });

async function signIn(token, channelName, radios = []) {
  const claims = readClaims(token);
  view.showSignIn(false);
  bearer = token;
  channel = new Console({
    token, claims, channel: channelName, radios,
    element: $('sound'), microphone: new Microphone(), changed: () => view.schedule(render), log: (text) => view.log(text),
  });
  render();
  const refused = await channel.run();
  channel = null;
  render();
  view.showSignIn(true, refused);
}

$('sign-in').addEventListener('submit', (e) => {
  e.preventDefault();
  try {
    readClaims($('token').value.trim());
  } catch (error) {
    view.showSignIn(true, error.message);
    return;
  }
  signIn($('token').value.trim(), $('channel-input').value.trim());
});
$('token').addEventListener('input', () => view.suggestChannels($('token').value.trim()));

// The console of the fleet takes the token once, and nobody else comes by it.
$('to-fleet').addEventListener('click', () => sessionStorage.setItem('talkgate.token', bearer));

$('join-talk').addEventListener('click', () => join(true));
$('join-listen').addEventListener('click', () => join(false));
$('leave').addEventListener('click', () => {
  channel.leave();
  $('join-talk').focus();
});

$('take-over').addEventListener('click', () => {
  channel.takeOver();
  $('talk').focus();
});

async function join(talk) {
  await channel.join(talk);
  render();
  $('talk').focus();
}

const key = hold($('talk'), { press: () => channel?.press(), release: () => channel?.release() });

const red = alarm($('emergency'), { held: () => channel?.alarm(true), done: () => channel?.alarm(false) });

// Space talks from anywhere but from what it has a meaning of its own in.
const owned = 'button, input, select, textarea, a, summary';
addEventListener('keydown', (/** @type {any} */ e) => {
  if (e.key !== ' ' || e.repeat || e.target.closest?.(owned) || channel?.model.joined !== 'yes') return;
  e.preventDefault();
  key.down('space');
});
addEventListener('keyup', (e) => { if (e.key === ' ') key.up('space'); });

// Whoever looks away does not know that the microphone is open.
const letGo = () => {
  key.letGo();
  red.letGo();
  channel?.calm();
  view.letGo();
};
addEventListener('blur', letGo);
document.addEventListener('visibilitychange', () => { if (document.hidden) letGo(); });
addEventListener('pagehide', () => {
  letGo();
  if (channel?.model.joined !== 'no') channel?.leave();
});

// The clock runs on its own: nothing changes in the model while somebody talks.
setInterval(() => { if (channel) view.schedule(render); }, 250);

try {
  const demo = await demoConfig();
  if (demo) signIn(demo.token, demo.channel, demo.radios);
  else view.showSignIn(true);
} catch {
  view.showSignIn(true, 'The hub cannot be reached. Reload the page when it runs again.');
}
render();
