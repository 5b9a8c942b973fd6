// gatherTime bounds the wait for this side's addresses. The hub's answer carries
// all of its own, and a check from the browser teaches it ours.
const gatherTime = 500;

// connectTime bounds the way from the answer to a connection.
const connectTime = 8000;

// openSession sets up one WHIP (RFC 9725) or WHEP session: it posts the offer for
// what prepare(pc) added to path, and resolves once media can flow to { pc, ended,
// close }. ended is a promise that rejects with the reason when the connection is
// lost. Aborting signal closes it.
export async function openSession(hub, path, prepare, signal) {
  const pc = new RTCPeerConnection();
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
    const response = await hub.call('POST', path, {
      headers: { 'Content-Type': 'application/sdp', Accept: 'application/sdp' },
      body: pc.localDescription.sdp,
      signal,
    });
    location = response.headers.get('Location');
    const answer = await response.text();
    if (signal.aborted) throw signal.reason;
    await pc.setRemoteDescription({ type: 'answer', sdp: answer });
    await connected(pc);
  } catch (e) {
    close();
    throw e;
  }
  return { pc, ended: disconnected(pc), close };
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

// disconnected rejects as soon as the path is in doubt: a new session costs less
// than waiting for this one to be declared failed.
function disconnected(pc) {
  const lost = new Promise((_, reject) => {
    pc.addEventListener('connectionstatechange', () => {
      if (pc.connectionState !== 'connected') reject(new Error('The media path to the hub was lost.'));
    });
  });
  lost.catch(() => {});
  return lost;
}
