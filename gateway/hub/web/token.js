// readClaims decodes what a JWT says of its bearer, for display only: the hub
// alone verifies it. manages says whether the bearer may change the talk rights of
// others, breaksIn whether it may take the floor from a member without priority. Throws an Error with a sentence for the user.
export function readClaims(token) {
  const parts = token.split('.');
  if (parts.length !== 3) throw new Error('This is not an access token: it has three parts with dots between them.');
  let claims;
  try {
    const bytes = Uint8Array.from(atob(parts[1].replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
    claims = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new Error('This access token cannot be read. Was it copied whole?');
  }
  if (typeof claims?.userId !== 'string' || claims.userId === '') {
    throw new Error('This access token names no member (userId).');
  }
  const role = claims.eventRole || claims.role;
  const admin = claims.globalRole === 'ADMIN' || role === 'ADMIN';
  return {
    userId: claims.userId,
    userName: claims.userName || claims.userId,
    channels: Array.isArray(claims.channelIds) ? claims.channelIds.filter((c) => typeof c === 'string') : [],
    manages: admin || role === 'DISPATCH',
    breaksIn: role === 'DISPATCH',
  };
}
