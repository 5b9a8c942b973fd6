import { floor, toScale } from './level.js';

// showLevel sets a role=meter element to a level in dBFS.
export function showLevel(element, label, dBFS) {
  const level = Number.isFinite(dBFS) ? Math.max(floor, Math.min(0, dBFS)) : floor;
  element.style.setProperty('--level', toScale(level).toFixed(3));
  element.setAttribute('aria-label', label);
  element.setAttribute('aria-valuemin', String(floor));
  element.setAttribute('aria-valuemax', '0');
  element.setAttribute('aria-valuenow', level.toFixed(0));
  element.setAttribute('aria-valuetext', level <= floor ? 'silent' : `${level.toFixed(0)} decibels`);
}
