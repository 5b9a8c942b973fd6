import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rowsOf } from '../boardlist.js';

test('boards that wait for somebody come first, revoked ones last', () => {
  const rows = rowsOf({
    devices: [
      { userId: 'b', userName: 'B', channels: ['gates'], enrolledAt: '2026-12-01T04:40:26Z', enrolledBy: 'boss' },
      { userId: 'a', userName: 'A', channels: ['gates'], enrolledAt: '2026-12-01T04:40:26Z', enrolledBy: 'boss', revokedAt: '2026-12-01T05:00:00Z', revokedBy: 'desk' },
    ],
    invitations: [
      { id: 'K7M', userId: 'd', userName: 'D', channels: ['yard'], until: '2026-12-01T05:00:00Z' },
      { id: 'K7N', userId: 'e', userName: 'E', channels: ['yard'], until: '2026-12-01T05:00:00Z', applicant: { host: 'pi', address: '192.0.2.7', keyId: 'abcdef0123456789' } },
      { id: 'K7P', userId: 'f', userName: 'F', channels: ['yard'], until: '2026-12-01T05:00:00Z', applicant: { host: 'pi', address: '192.0.2.7', keyId: 'abcdef0123456789' }, verdict: 'approved' },
    ],
  });
  assert.deepEqual(rows.map((r) => [r.user, r.state]), [['e', 'waits'], ['d', 'invited'], ['f', 'invited'], ['b', 'enrolled'], ['a', 'revoked']]);
  assert.match(rows[0].text, /pi at 192\.0\.2\.7, key abcdef01/);
  assert.match(rows[4].text, /by desk$/);
});
