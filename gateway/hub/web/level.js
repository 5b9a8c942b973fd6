// floor is the quietest level shown, in dBFS.
export const floor = -60;

// toScale maps a level in dBFS to 0…1 for a meter; what is not a number is silence.
export function toScale(dBFS) {
  if (!Number.isFinite(dBFS)) return 0;
  return Math.min(1, Math.max(0, 1 - dBFS / floor));
}

// rms is the level of samples in -1…1, in dBFS, never below the meter's floor.
export function rms(samples) {
  let sum = 0;
  for (const s of samples) sum += s * s;
  const dBFS = 10 * Math.log10(sum / samples.length);
  return Number.isFinite(dBFS) ? Math.max(floor, dBFS) : floor;
}
