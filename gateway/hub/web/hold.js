// hold makes an element a press-and-hold control for mouse, pen, finger and
// keyboard: press() when the first of them goes down, release() when the last
// goes up, leaves the element or is taken away by the system. Assistive
// technology that can only click toggles it. Returns { down, up, letGo }: another
// source may hold it with down(source) and up(source), and letGo() releases
// whatever holds it.
export function hold(element, { press, release }) {
  const holding = new Set();
  let clickOwnsIt = false;

  const down = (source) => {
    if (holding.has(source)) return;
    holding.add(source);
    if (holding.size === 1) press();
  };
  const up = (source) => {
    if (holding.delete(source) && holding.size === 0) release();
  };
  const letGo = () => {
    if (holding.size === 0) return;
    holding.clear();
    release();
  };

  element.addEventListener('pointerdown', (e) => {
    if (e.button !== 0) return;
    clickOwnsIt = false;
    // Without capture a finger that slides off would never be seen to lift.
    element.setPointerCapture(e.pointerId);
    down(`pointer ${e.pointerId}`);
  });
  // Capture ends with the button or the finger going up, and when the system takes
  // the pointer away.
  element.addEventListener('lostpointercapture', (e) => up(`pointer ${e.pointerId}`));
  element.addEventListener('contextmenu', (e) => e.preventDefault());

  element.addEventListener('keydown', (e) => {
    if (!isHoldKey(e)) return;
    e.preventDefault();
    if (!e.repeat) down(`key ${e.code}`);
  });
  element.addEventListener('keyup', (e) => {
    if (!isHoldKey(e)) return;
    e.preventDefault();
    up(`key ${e.code}`);
  });
  element.addEventListener('blur', letGo);

  element.addEventListener('click', (e) => {
    // detail is 0 for a click nobody's pointer made, and keys are handled above.
    if (e.detail !== 0 || e.pointerType) return;
    clickOwnsIt = !(clickOwnsIt && holding.has('click'));
    if (clickOwnsIt) down('click');
    else up('click');
  });

  return { down, up, letGo };
}

// isHoldKey says whether a key event is one that holds: space or Enter, alone.
export function isHoldKey(e) {
  return (e.key === ' ' || e.key === 'Enter') && !e.ctrlKey && !e.altKey && !e.metaKey;
}
