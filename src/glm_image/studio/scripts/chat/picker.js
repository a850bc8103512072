/** Choosing pictures: those that were drawn, and files. */
import { api } from '../core/api.js';
import { errorText } from '../core/announce.js';
import { modal } from '../core/dialogs.js';
import { addStyles, h, icon, newId, replace } from '../core/dom.js';
import { loadWords, t } from '../core/words.js';

const PAGE = 40;
const PAUSE_MS = 250;

/** Files that a person chose, dropped or pasted, pictures only. @returns {File[]} */
export function pictureFiles(transfer) {
  return [...(transfer?.files ?? [])].filter((file) => file.type.startsWith('image/'));
}

/**
 * Asks for pictures.
 *
 * @param {{limit?: number, title?: string}} [options] `limit`: most that may be chosen.
 * @returns {Promise<Array<object|File>|null>} Pictures of the service and files.
 */
export async function openPicker({ limit = 1, title = '' } = {}) {
  await Promise.all([loadWords('references'), addStyles('references')]);
  const chosen = new Map();
  let close = () => {};
  const use = h('button', { type: 'button', class: 'primary', on: { click: () => done() } });
  const grid = h('ul', { class: 'picker-grid', aria: { label: t('picker.pictures') } });
  const note = h('p', { class: 'picker-note', role: 'status' });
  const more = h('button', {
    type: 'button', class: 'quiet', text: t('picker.more'), hidden: true,
    on: { click: () => load() },
  });
  let before = null;
  let text = '';
  let turn = 0;

  const done = () => close([...chosen.values()]);
  const count = () => {
    use.textContent = t('picker.use', { count: chosen.size });
    use.hidden = chosen.size === 0;
  };

  async function load({ fresh = false } = {}) {
    turn += 1;
    const mine = turn;
    if (fresh) before = null;
    try {
      const page = await api.get('/api/images', { query: { text, before, limit: PAGE } });
      if (mine !== turn) return;
      if (fresh) replace(grid);
      grid.append(...page.data.map((picture) => cell(picture)));
      before = page.next;
      more.hidden = !before;
      const none = text ? t('picker.nothing') : t('picker.empty');
      note.textContent = grid.children.length ? '' : none;
    } catch (error) {
      note.textContent = errorText(error);
    }
  }

  function cell(picture) {
    const button = h('button', {
      type: 'button', class: 'picker-cell', title: picture.prompt,
      aria: { pressed: chosen.has(picture.id), label: picture.prompt || picture.id },
      on: { click: () => toggle(picture, button) },
    }, h('img', { src: picture.thumbnail_url, alt: '', loading: 'lazy', decoding: 'async' }), icon('check', 18));
    return h('li', {}, button);
  }

  function toggle(picture, button) {
    if (chosen.has(picture.id)) chosen.delete(picture.id);
    else if (limit === 1) return close([picture]);
    else if (chosen.size < limit) chosen.set(picture.id, picture);
    else note.textContent = t('picker.full', { count: limit });
    button.setAttribute('aria-pressed', String(chosen.has(picture.id)));
    count();
    return undefined;
  }

  const search = searchField((words) => {
    text = words;
    load({ fresh: true });
  });
  count();
  load({ fresh: true });
  return modal({
    title: title || t('picker.title'),
    wide: true,
    class: 'picker',
    body: (end) => {
      close = end;
      return h('div', { class: 'picker-body' },
        h('div', { class: 'picker-tools' }, search, fileButton(limit, (files) => close(files))),
        note, grid, h('div', { class: 'picker-end' }, more, limit > 1 && use));
    },
  });
}

function searchField(run) {
  let timer = 0;
  const id = newId('search');
  return h('div', { class: 'picker-search' },
    h('label', { for: id, class: 'spoken', text: t('picker.search') }),
    h('input', {
      id, type: 'search', placeholder: t('picker.search'), maxlength: 200,
      on: {
        input: (event) => {
          clearTimeout(timer);
          timer = setTimeout(() => run(event.target.value.trim()), PAUSE_MS);
        },
      },
    }));
}

/** A button that opens the system's choice of files. */
export function fileButton(limit, take, label = t('picker.files')) {
  const input = h('input', {
    type: 'file', accept: 'image/png,image/jpeg,image/webp', multiple: limit > 1, hidden: true,
    on: {
      change: () => {
        const files = [...input.files].slice(0, limit);
        input.value = '';
        if (files.length) take(files);
      },
    },
  });
  return h('span', {}, input, h('button', {
    type: 'button', class: 'quiet', on: { click: () => input.click() },
  }, icon('upload', 18), label));
}
