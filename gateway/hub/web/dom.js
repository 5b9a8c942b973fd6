// Changes of the document that are none when nothing changed.

/**
 * parts are the elements of the document that have an ID, by it.
 * @returns {Record<string, any>}
 */
export function parts() {
  return Object.fromEntries([...document.querySelectorAll('[id]')].map((e) => [e.id, e]));
}

export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function setData(element, name, value) {
  if (element.dataset[name] !== value) element.dataset[name] = value;
}

export function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

export function setHidden(element, hidden) {
  if (element.hidden !== hidden) element.hidden = hidden;
}
