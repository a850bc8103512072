/**
 * The shelves of the gallery: all, favourites, the bin, boards and the other tags. A board is a tag
 * that is pinned; pictures dropped on it get the tag.
 */

import { h, icon, newId, replace } from '../core/dom.js';
import { modal } from '../core/dialogs.js';
import { preferences } from '../core/preferences.js';
import { t } from '../core/words.js';

/** Type of what is dragged from the grid to a board. */
export const DRAGGED = 'application/x-glm-pictures';

const MOST_TAGS_SHOWN = 12;

export class Boards {
  #tags = [];
  #conditions = null;
  #shows;
  #onDrop;
  #isWhole = false;

  /**
   * @param {{address: (change: object) => string, onDrop: (tag: string, ids: string[]) => void}}
   *   options `address` gives the place where other conditions hold.
   */
  constructor({ address, onDrop }) {
    this.#shows = address;
    this.#onDrop = onDrop;
    this.node = h('nav', { class: 'boards', aria: { label: t('gallery.boards_nav') } });
  }

  /**
   * @param {{tag: string, count: number}[]} tags
   * @param {import('./conditions.js').Conditions} conditions
   */
  update(tags, conditions) {
    this.#tags = tags;
    this.#conditions = conditions;
    const pinned = preferences.boards;
    const counts = new Map(tags.map(({ tag, count }) => [tag, count]));
    const others = tags.filter(({ tag }) => !pinned.includes(tag));
    const shown = this.#isWhole ? others : others.slice(0, MOST_TAGS_SHOWN);
    replace(this.node,
      h('ul', { class: 'shelf' },
        this.#place('gallery', 'image', t('gallery.all'), {}),
        this.#place('heart', 'heart', t('gallery.favourites'), { favourite: true }),
        this.#place('bin', 'bin', t('gallery.bin'), { bin: true })),
      this.#heading(t('gallery.boards'), h('button', {
        type: 'button', class: 'icon-button small', aria: { label: t('gallery.board_new') },
        title: t('gallery.board_new'), on: { click: () => this.#make() },
      }, icon('add', 18))),
      pinned.length === 0 ? h('p', { class: 'shelf-hint', text: t('gallery.boards_hint') }) : null,
      h('ul', { class: 'shelf', hidden: pinned.length === 0 },
        pinned.map((tag) => this.#tag(tag, counts.get(tag) ?? 0, true))),
      others.length > 0 ? this.#heading(t('gallery.tags')) : null,
      h('ul', { class: 'shelf', hidden: others.length === 0 },
        shown.map(({ tag, count }) => this.#tag(tag, count, false))),
      shown.length < others.length ? h('button', {
        type: 'button', class: 'link', text: t('gallery.tags_all', { count: others.length }),
        on: { click: () => this.#showWhole() },
      }) : null);
  }

  #heading(text, ...tools) {
    return h('div', { class: 'shelf-heading' }, h('h2', { text }), ...tools);
  }

  #place(key, sign, text, change) {
    const { tag, favourite, bin } = this.#conditions;
    const isHere = !tag && favourite === Boolean(change.favourite) && bin === Boolean(change.bin);
    return h('li', {}, h('a', {
      class: 'shelf-link',
      href: this.#shows({ tag: null, favourite: false, bin: false, ...change }),
      aria: { current: isHere ? 'page' : null },
    }, icon(sign, 18), h('span', { class: 'shelf-name', text })));
  }

  #tag(tag, count, isPinned) {
    const isHere = this.#conditions.tag === tag;
    const label = t(isPinned ? 'gallery.unpin' : 'gallery.pin', { tag });
    const node = h('li', { class: 'shelf-item' },
      h('a', {
        class: 'shelf-link', href: this.#shows({ tag, favourite: false, bin: false }),
        aria: { current: isHere ? 'page' : null },
      }, icon(isPinned ? 'board' : 'tag', 18), h('span', { class: 'shelf-name', text: tag }),
      h('span', { class: 'shelf-count', text: count.toLocaleString() })),
      h('button', {
        type: 'button', class: 'icon-button small shelf-pin', title: label,
        aria: { label, pressed: String(isPinned) }, on: { click: () => this.#pin(tag, !isPinned) },
      }, icon('pin', 16)));
    this.#receives(node, tag);
    return node;
  }

  #receives(node, tag) {
    const takes = (event) => event.dataTransfer.types.includes(DRAGGED);
    node.addEventListener('dragover', (event) => {
      if (!takes(event)) return;
      event.preventDefault();
      node.classList.add('over');
    });
    node.addEventListener('dragleave', () => node.classList.remove('over'));
    node.addEventListener('drop', (event) => {
      node.classList.remove('over');
      if (!takes(event)) return;
      event.preventDefault();
      this.#onDrop(tag, JSON.parse(event.dataTransfer.getData(DRAGGED)));
    });
  }

  #pin(tag, isPinned) {
    const others = preferences.boards.filter((one) => one !== tag);
    preferences.boards = isPinned ? [...others, tag] : others;
    this.update(this.#tags, this.#conditions);
    const again = [...this.node.querySelectorAll('.shelf-item')].find(
      (node) => node.querySelector('.shelf-name').textContent === tag,
    );
    again?.querySelector('.shelf-pin').focus();
  }

  async #make() {
    const tag = await askName();
    if (tag) this.#pin(tag, true);
  }

  #showWhole() {
    this.#isWhole = true;
    this.update(this.#tags, this.#conditions);
  }
}

/** Asks for the name of a board. @returns {Promise<string|null>} */
async function askName() {
  const id = newId('board');
  const field = h('input', {
    id, type: 'text', maxlength: '64', autocomplete: 'off', autofocus: true,
  });
  const name = () => field.value.trim() || false;
  return modal({
    title: t('gallery.board_new'),
    body: (close) => h('form', {
      class: 'stack',
      on: {
        submit: (event) => {
          event.preventDefault();
          if (name()) close(name());
        },
      },
    },
    h('label', { for: id, text: t('gallery.board_name') }), field,
    h('p', { class: 'hint', text: t('gallery.boards_hint') })),
    actions: [{ label: t('gallery.board_make'), kind: 'primary', run: name }],
  });
}
