// Each tone is a row of [Hz, start s, length s]. Pitch rises for what is granted
// and falls for what is taken away, so that they differ without looking.
const tones = {
  permit: [[880, 0, 0.07], [1320, 0.08, 0.09]],
  deny: [[330, 0, 0.12], [330, 0.18, 0.2]],
  revoked: [[740, 0, 0.11], [554, 0.13, 0.11], [370, 0.26, 0.24]],
  released: [[660, 0, 0.05]],
  emergency: [[960, 0, 0.28], [770, 0.3, 0.28], [960, 0.6, 0.28]],
};

const usual = 0.12;
const ramp = 0.008; // seconds; an edge sharper than this clicks

// playTone sounds a tone of this name on an AudioContext, at a volume of 0…1.
export function playTone(context, name, volume = usual) {
  for (const [frequency, start, length] of tones[name]) {
    const begin = context.currentTime + start;
    const oscillator = new OscillatorNode(context, { frequency });
    const gain = new GainNode(context, { gain: 0 });
    gain.gain.setValueAtTime(0, begin);
    gain.gain.linearRampToValueAtTime(volume, begin + ramp);
    gain.gain.setValueAtTime(volume, begin + length - ramp);
    gain.gain.linearRampToValueAtTime(0, begin + length);
    oscillator.connect(gain).connect(context.destination);
    oscillator.start(begin);
    oscillator.stop(begin + length);
  }
}
