// rowsOf are the boards of a hub's answer, those that wait for somebody first:
// { id, user, name, text, state, by }, state being waits, invited, enrolled or revoked.
export function rowsOf({ devices, invitations }) {
  const date = (text) => (text ? new Date(text).toLocaleString() : '');
  const asked = invitations.map((i) => {
    const waits = i.applicant && !i.verdict;
    return {
      id: `invitation ${i.id}`, user: i.userId, name: i.userName, channels: i.channels, state: waits ? 'waits' : 'invited',
      text: waits ? `waits for approval: ${i.applicant.host} at ${i.applicant.address}, key ${i.applicant.keyId.slice(0, 8)}…` : `invited until ${date(i.until)}`,
    };
  });
  const known = devices.map((d) => ({
    id: `device ${d.userId}`, user: d.userId, name: d.userName, channels: d.channels, state: d.revokedAt ? 'revoked' : 'enrolled',
    text: d.revokedAt ? `revoked ${date(d.revokedAt)} by ${d.revokedBy}` : `enrolled ${date(d.enrolledAt)} by ${d.enrolledBy}`,
  }));
  const order = ['waits', 'invited', 'enrolled', 'revoked'];
  return [...asked, ...known].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state) || (a.user < b.user ? -1 : 1));
}

// drawQR draws a QR code, rows of 0 and 1, a pixel a module.
export function drawQR(canvas, rows) {
  canvas.width = canvas.height = rows.length;
  const context = canvas.getContext('2d');
  context.fillStyle = '#fff';
  context.fillRect(0, 0, rows.length, rows.length);
  context.fillStyle = '#000';
  rows.forEach((row, y) => [...row].forEach((bit, x) => { if (bit === '1') context.fillRect(x, y, 1, 1); }));
}
