import { setData, setText } from './dom.js';

// showRows makes list have a row for each of items: make() returns a new one, show(row,
// item) fills it.
export function showRows(list, items, make, show) {
  while (list.children.length > items.length) list.lastElementChild.remove();
  items.forEach((item, i) => show(list.children[i] ?? list.appendChild(make()), item));
}

// showPairs makes a dl say items, each { name, text, is }: is tells how it looks.
export function showPairs(list, items) {
  showRows(list, items, newPair, (row, { name, text, is }) => {
    setText(row.firstElementChild, name);
    setText(row.lastElementChild, text);
    setData(row, 'is', is ?? '');
  });
}

function newPair() {
  const row = document.createElement('div');
  row.append(document.createElement('dt'), document.createElement('dd'));
  return row;
}
