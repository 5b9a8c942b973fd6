// Changes of the document that are none when nothing changed.

/**
 * parts are the elements of the document that have an ID, by it.
 * @returns {Record<string, any>}
 */
export function parts() {
  return Object.fromEntries([...document.querySelectorAll('[id]')].map((e) => [e.id, e]));
}

/**
 * confirmed shows a dialog and resolves to whether it was answered with yes. The close
 * event of a question before comes late, when the dialog is open again: it is no answer.
 * @param {HTMLDialogElement} dialog
 * @returns {Promise<boolean>}
 */
export function confirmed(dialog) {
  dialog.returnValue = 'no';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', function answered() {
      if (dialog.open) return;
      dialog.removeEventListener('close', answered);
      resolve(dialog.returnValue === 'yes');
    });
  });
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
