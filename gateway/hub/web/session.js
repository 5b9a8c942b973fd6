// gatherTime bounds the wait for this side's addresses. The hub's answer carries
// all of its own, and a check from the browser teaches it ours.
const gatherTime = 500;

// connectTime bounds the way from the answer to a connection.
const connectTime = 8000;

// doubtTime is how long a connection may be in doubt before it is given up, in ms. ICE
// mends a short gap by itself, and Firefox reports one after it is over.
const doubtTime = 1000;

// openSession sets up one WHIP (RFC 9725) or WHEP session: it posts the offer for
// what prepare(pc) added to path, and resolves once media can flow to { pc, ended,
// lose, close }. ended is a promise that rejects with the reason when the connection is
// lost; lose(reason) makes it so. Aborting signal closes the session. takeOver ends
// another session of the same member.
export async function openSession(hub, path, prepare, signal, { takeOver = false } = {}) {
  const pc = new RTCPeerConnection({ iceServers: hub.relays.inUse });
  let location = null;
  const close = () => {
    pc.close();
    signal.removeEventListener('abort', close);
    // Kept alive past the page: a session left behind would refuse the next one.
    if (location) hub.call('DELETE', location, { keepalive: true }).catch(() => {});
    location = null;
  };
  signal.addEventListener('abort', close);
  try {
    prepare(pc);
    await pc.setLocalDescription();
    await gathered(pc);
    const response = await hub.call('POST', takeOver ? `${path}?takeover=1` : path, {
      headers: { 'Content-Type': 'application/sdp', Accept: 'application/sdp' },
      body: pc.localDescription.sdp,
      signal,
    });
    // The hub does not know below which path a proxy has put it; the page does.
    const id = response.headers.get('Location')?.split('/').at(-1);
    location = id ? `${path}/${id}` : null;
    hub.relays.told(response.headers.get('Link'));
    const answer = await response.text();
    if (signal.aborted) throw signal.reason;
    await pc.setRemoteDescription({ type: 'answer', sdp: answer });
    await connected(pc).catch((e) => {
      hub.relays.needed();
      throw e;
    });
  } catch (e) {
    close();
    throw e;
  }
  return { pc, ...watched(pc), close };
}

function gathered(pc) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, gatherTime);
    const check = () => {
      if (pc.iceGatheringState !== 'complete') return;
      clearTimeout(timer);
      resolve();
    };
    pc.addEventListener('icegatheringstatechange', check);
    check();
  });
}

function connected(pc) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('No media path to the hub. Is its UDP port open?')), connectTime);
    const check = () => {
      if (pc.connectionState === 'connected') resolve();
      else if (pc.connectionState === 'failed' || pc.connectionState === 'closed') {
        reject(new Error('No media path to the hub. Is its UDP port open?'));
      } else return;
      clearTimeout(timer);
    };
    pc.addEventListener('connectionstatechange', check);
    check();
  });
}

// watched has a promise, ended, that rejects when the path is lost, or lose is called.
function watched(pc) {
  let lose;
  const ended = new Promise((_, reject) => { lose = (reason) => reject(new Error(reason)); });
  ended.catch(() => {});
  const lost = () => lose('The media path to the hub was lost.');
  let timer = null;
  pc.addEventListener('connectionstatechange', () => {
    clearTimeout(timer);
    if (pc.connectionState === 'disconnected') timer = setTimeout(lost, doubtTime);
    else if (pc.connectionState !== 'connected') lost();
  });
  return { ended, lose };
}
