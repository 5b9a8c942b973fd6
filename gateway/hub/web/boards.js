import { drawQR, rowsOf } from './boardlist.js';
import { confirmed, parts, setData, setHidden, setText } from './dom.js';
import { Hub } from './hub.js';
import { Final } from './retry.js';
import { showRows } from './rows.js';
import { readClaims } from './token.js';

// readEvery is how often the list is read, in ms: a board may wait for approval.
const readEvery = 2000;

const part = parts();
let bearer = '';
let hub = null;

function signOut(problem) {
  hub = null;
  setHidden(part.page, true);
  setHidden(part['sign-in'], false);
  setText(part['sign-in-error'], problem);
}

function signIn(token) {
  try {
    if (!readClaims(token).manages) throw new Error('This page is for DISPATCH and ADMIN only.');
  } catch (e) {
    signOut(e.message);
    return;
  }
  bearer = token;
  hub = new Hub(token, '');
  setHidden(part['sign-in'], true);
  setHidden(part.page, false);
  setText(part['sign-in-error'], '');
  read();
}

// act has the hub do something, and says what came of it.
async function act(words, method, path, body) {
  try {
    const answer = await hub.call(method, path, body ? { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } } : {});
    setText(part.said, words);
    return answer.status === 204 ? {} : await answer.json();
  } catch (e) {
    if (e instanceof Final) signOut(e.message);
    else setText(part.said, e.message);
    return null;
  } finally {
    list();
  }
}

async function list() {
  if (!hub) return;
  try {
    show(rowsOf(await (await hub.call('GET', 'api/devices')).json()));
  } catch (e) {
    if (e instanceof Final) signOut(e.message);
    else setText(part.said, e.status === 404 ? 'This hub takes no boards in.' : e.message);
  }
}

async function read() {
  const reading = hub;
  await list();
  if (hub === reading && hub) setTimeout(read, readEvery);
}

function show(rows) {
  setHidden(part.none, rows.length > 0);
  showRows(part.boards, rows, () => part.board.content.firstElementChild.cloneNode(true), (li, row) => {
    const [who, state, keys] = li.children;
    setText(who.firstElementChild, row.name || row.user);
    setText(who.lastElementChild, `${row.user} on ${row.channels.join(', ')}`);
    setText(state, row.text);
    if (li.dataset.row === `${row.id} ${row.state}`) return;
    setData(li, 'row', `${row.id} ${row.state}`);
    setData(li, 'state', row.state);
    const approval = `api/devices/${encodeURIComponent(row.user)}/approval`;
    keys.replaceChildren(...({
      waits: [key('Approve', row, () => act(`${row.user} is approved.`, 'PUT', approval)), key('Deny', row, () => act(`${row.user} is turned away.`, 'DELETE', approval))],
      enrolled: [key('Revoke', row, () => revoke(row.user))],
    }[row.state] ?? []));
  });
}

function key(text, row, press) {
  const button = document.createElement('button');
  button.textContent = text;
  button.setAttribute('aria-label', `${text} ${row.user}`);
  button.addEventListener('click', press);
  return button;
}

async function revoke(user) {
  setText(part['confirm-text'], `Take everything away from ${user}, at once? It can come back with a new invitation only.`);
  if (await confirmed(part.confirm)) act(`${user} is revoked.`, 'DELETE', `api/devices/${encodeURIComponent(user)}`);
}

part.invite.addEventListener('submit', async (e) => {
  e.preventDefault();
  const made = await act('', 'POST', 'api/invitations', {
    userId: part.user.value.trim(), userName: part.name.value.trim(), confirm: part['confirm-first'].checked,
    channels: part.channels.value.split(/[\s,]+/).filter(Boolean),
  });
  setHidden(part.invitation, !made);
  if (!made) return;
  setText(part.command, `talkgate join ${made.code}`);
  setText(part.until, `For ${made.userName}, good for one board until ${new Date(made.until).toLocaleTimeString()}.`);
  drawQR(part.qr, made.qr);
});

part['sign-in'].addEventListener('submit', (e) => {
  e.preventDefault();
  signIn(part.token.value.trim());
  part.token.value = '';
});
part['to-console'].addEventListener('click', () => { if (bearer) sessionStorage.setItem('talkgate.token', bearer); });

// The console hands its token over.
const handed = sessionStorage.getItem('talkgate.token');
sessionStorage.removeItem('talkgate.token');
if (handed) signIn(handed);
