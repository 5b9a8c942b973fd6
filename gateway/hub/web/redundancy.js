// period is how often the hub's receiver reports are looked at, in ms.
const period = 1000;

// worth is the share of lost packets from which on copies of earlier packets go along,
// and clean the number of looks without loss after which none do.
const worth = 0.015;
const clean = 10;

// mendLoss sends RED (RFC 2198) instead of plain Opus while the hub reports loss, where
// the browser and the hub have it, until signal aborts.
export function mendLoss(sender, signal) {
  let quiet = 0;
  let copies = false;
  const timer = setInterval(async () => {
    const loss = await lossOf(sender);
    if (signal.aborted || loss === null) return;
    quiet = loss >= worth ? 0 : quiet + 1;
    const wanted = quiet === 0 || (copies && quiet < clean);
    if (wanted !== copies && await use(sender, wanted ? 'audio/red' : 'audio/opus')) copies = wanted;
  }, period);
  signal.addEventListener('abort', () => clearInterval(timer));
}

// lossOf is the share that the last report has, null where there is none.
async function lossOf(sender) {
  for (const s of (await sender.getStats()).values()) {
    if (s.type === 'remote-inbound-rtp' && s.fractionLost !== undefined) return s.fractionLost;
  }
  return null;
}

// use changes the codec, and reports whether it could.
async function use(sender, mimeType) {
  const parameters = sender.getParameters();
  const codec = parameters.codecs?.find((c) => c.mimeType.toLowerCase() === mimeType);
  if (!codec || !parameters.encodings?.length) return false;
  const { clockRate, channels, sdpFmtpLine } = codec;
  parameters.encodings[0].codec = { mimeType, clockRate, channels, sdpFmtpLine };
  return sender.setParameters(parameters).then(() => true, () => false);
}
