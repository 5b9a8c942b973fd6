// What the console says of a gateway, derived from what the hub tells.

// ranks are how much a gateway needs somebody, the worst first.
export const ranks = ['emergency', 'gone', 'down', 'warning', 'well'];

const lossLimit = 0.05;
const hotLimit = 80;

// warnings are what is not as it should be with a gateway that works.
export function warnings(g) {
  const found = [...(g.throttled ?? [])];
  if (g.celsius >= hotLimit) found.push(`${g.celsius.toFixed(0)} °C`);
  for (const [way, q] of [['in', g.link.in], ['out', g.link.out]]) {
    if (q && q.loss > lossLimit) found.push(`${percent(q.loss)} lost ${way}`);
  }
  if (tokenEnds(g.link.token)) found.push(`token ends ${new Date(g.link.token.until).toLocaleDateString()}`);
  if (g.configResult === 'refused' || g.configResult === 'rolled-back') found.push(`configuration ${g.configResult}`);
  return found;
}

// tokenWarning is how long before its end a token that nothing renews is warned of, in ms.
const tokenWarning = 14 * 86400 * 1000;

function tokenEnds(token) {
  return Boolean(token) && !token.renews && Date.parse(token.until) - Date.now() < tokenWarning;
}

// rank is one of ranks.
export function rank(g) {
  if (!g.live || g.error) return 'gone';
  if (!g.onAir || g.stalled?.length > 0 || g.lamps.alert) return 'down';
  return warnings(g).length > 0 ? 'warning' : 'well';
}

// lampsOf is what a gateway's panel shows by now: the hub hears of a talker sooner
// than the gateway reports that its channel is busy.
export function lampsOf(g, holder) {
  const others = holder && holder.userId !== g.id;
  return { ...g.lamps, busy: g.live && Boolean(holder === undefined ? g.lamps.busy : others) };
}

// summaryOf is what a gateway does, or what is wrong with it. holder is who is
// heard there, and on which channel.
export function summaryOf(g, holder) {
  if (g.error) return 'its report cannot be read';
  if (!g.live) return g.summary === 'stopped' ? 'stopped' : 'gone';
  if (g.stalled?.length > 0) return `stalled: ${g.stalled.join(', ')}`;
  if (!g.onAir) return g.summary.replace(/^on channel .*?, /, '') || 'not on air';
  if (g.lamps.talk) return 'talking';
  if ((g.state === 'refused' || g.state === 'waiting') && g.why) return g.why;
  const wrong = warnings(g);
  if (wrong.length > 0) return wrong.join(', ');
  if (holder) return `hears ${holder.userName || holder.userId || 'someone'}${holder.channel === g.channel ? '' : ` on ${holder.channel}`}`;
  return 'on air';
}

// linkOf is how well a gateway's connection carries.
export function linkOf(g) {
  if (!g.live) return '';
  if (!g.link.up) return 'down';
  const parts = [];
  if (g.link.rttMs > 0) parts.push(`${g.link.rttMs < 10 ? g.link.rttMs.toFixed(1) : g.link.rttMs.toFixed(0)} ms`);
  const loss = Math.max(g.link.in?.loss ?? 0, g.link.out?.loss ?? 0);
  if (g.link.in || g.link.out) parts.push(percent(loss));
  return parts.join(' · ') || 'up';
}

export function percent(fraction) {
  const p = fraction * 100;
  return `${p > 0 && p < 10 ? p.toFixed(1) : p.toFixed(0)}%`;
}

// ago is how long since ms, in words that fit a column.
export function ago(ms, now) {
  if (!ms) return 'never';
  const s = Math.max(0, Math.round((now - ms) / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86400) return `${Math.floor(s / 3600)} h`;
  return `${Math.floor(s / 86400)} d`;
}

// matches says whether a gateway has all the words of a search.
export function matches(g, words) {
  const text = `${g.id} ${g.name} ${g.group} ${g.channel} ${g.version}`.toLowerCase();
  return words.every((word) => text.includes(word));
}
