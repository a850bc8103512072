/**
 * The gallery: shelves, search, the pictures, and what is done with several of them.
 */

import { favourite, restore } from '../core/actions.js';
import { announce, errorText, toastError } from '../core/announce.js';
import { api } from '../core/api.js';
import { Element, define, h, icon, replace } from '../core/dom.js';
import { shortcuts } from '../core/keyboard.js';
import { go } from '../core/router.js';
import { store } from '../core/store.js';
import { t } from '../core/words.js';
import { Boards, DRAGGED } from './boards.js';
import { addressOf, conditionsOf, MOST_CHARACTERS } from './conditions.js';
import './grid.js';
import { addTags, removeAll, Selection } from './selection.js';
import { seen, showFeed } from './shown.js';

const PAUSE_MS = 250;

class GalleryView extends Element {
  #conditions;
  #feed = null;
  #selection = new Selection();
  #isChoosing = false;
  #tags = [];
  #timer = 0;
  #frame = 0;
  #hearing = null;
  #boards;
  #search;
  #chooser;
  #title;
  #grid;
  #state;

  /** @param {import('../core/router.js').Place} place */
  constructor(place) {
    super();
    this.#conditions = conditionsOf(place.query);
  }

  connected() {
    this.classList.add('gallery');
    this.#boards = new Boards({
      address: (change) => addressOf({ ...this.#conditions, text: '', ...change }),
      onDrop: (tag, ids) => this.#onDrop(tag, ids),
    });
    this.#title = h('h1', {});
    this.#search = this.#searchField();
    this.#chooser = h('button', {
      type: 'button', class: 'icon-button', title: t('gallery.choose'),
      aria: { label: t('gallery.choose'), pressed: 'false' },
      on: { click: () => this.#toggleChoosing() },
    }, icon('select'));
    this.#grid = document.createElement('glm-picture-grid');
    this.#grid.addEventListener('near-end', () => this.#feed.more());
    this.#grid.addEventListener('dragstart', (event) => this.#onDrag(event));
    this.#state = h('div', { class: 'gallery-state' });
    replace(this,
      this.#boards.node,
      h('section', { class: 'gallery-main', aria: { label: t('nav.gallery') } },
        h('header', { class: 'gallery-bar' }, this.#title, this.#search, this.#chooser),
        this.#grid, this.#state, this.#selection.node));
    this.listen(this.#selection, 'change', () => this.#onSelection());
    this.own(store.subscribe(({ kind, id }) => {
      if (kind === 'picture') this.#selection.follow(id);
      // Another key sees other pictures.
      if (kind === 'connection' && store.connection === 'connecting') this.#open();
    }), this.#keys(), () => {
      this.#hearing?.abort();
      clearTimeout(this.#timer);
      cancelAnimationFrame(this.#frame);
    });
    this.#open();
    this.#goBack();
  }

  /** Shows other conditions. */
  show(place) {
    this.#conditions = conditionsOf(place.query);
    this.#open();
  }

  #open() {
    const { text, tag, favourite: isLiked, bin } = this.#conditions;
    this.#title.textContent = tag ?? t(
      bin ? 'gallery.bin' : isLiked ? 'gallery.favourites' : 'nav.gallery',
    );
    const field = this.#search.querySelector('input');
    if (document.activeElement !== field) field.value = text;
    const feed = showFeed(this.#conditions);
    if (feed !== this.#feed) {
      this.#hearing?.abort();
      this.#hearing = new AbortController();
      this.#feed = feed;
      this.#selection.clear();
      feed.addEventListener('change', () => this.#soon(), { signal: this.#hearing.signal });
      this.#grid.show(feed, this.#actions());
    }
    this.#chooser.hidden = bin;
    this.#boards.update(this.#tags, this.#conditions);
    this.#fetchTags();
    this.#update();
    if (feed.items.length === 0) feed.more();
  }

  /** Who comes back from a picture finds it again. */
  #goBack() {
    const last = seen();
    const at = this.#feed.items.findIndex(({ id }) => id === last);
    if (at >= 0) this.#grid.focusOn(at);
  }

  #actions() {
    return {
      favourite: (picture) => favourite(picture),
      choose: (picture, isChosen, event) => this.#selection.choose(
        picture, isChosen, this.#feed.items, event.shiftKey,
      ),
      restore: async (picture) => {
        if (await restore(picture)) {
          this.#feed.drop(picture.id);
          announce(t('gallery.restored', { count: 1 }));
        }
      },
    };
  }

  #searchField() {
    const field = h('input', {
      type: 'search', maxlength: String(MOST_CHARACTERS), autocomplete: 'off',
      placeholder: t('gallery.search_hint'), aria: { label: t('gallery.search') },
      on: {
        input: () => {
          clearTimeout(this.#timer);
          this.#timer = setTimeout(() => this.#find(field.value), PAUSE_MS);
        },
        keydown: (event) => {
          if (event.key === 'ArrowDown' || event.key === 'Enter') {
            event.preventDefault();
            this.#grid.focusOn(0);
          }
        },
      },
    });
    return h('div', { class: 'search', role: 'search' }, icon('search', 18), field);
  }

  #find(text) {
    go(addressOf({ ...this.#conditions, text: text.trim() }), { instead: true });
  }

  /** Many changes at once are shown once. */
  #soon() {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#update();
    });
  }

  #update() {
    const { items, error, isBusy, isDone } = this.#feed;
    this.#grid.hidden = items.length === 0;
    this.#grid.update();
    if (error) replace(this.#state, this.#failed(error));
    else if (isBusy && items.length === 0) replace(this.#state, skeleton());
    else if (isDone && items.length === 0) replace(this.#state, this.#empty());
    else replace(this.#state, isBusy ? more() : null);
    this.#state.setAttribute('aria-busy', String(isBusy));
  }

  #failed(error) {
    return h('div', { class: 'notice', role: 'alert' }, icon('warning', 18),
      h('p', { text: errorText(error) }),
      h('button', {
        type: 'button', text: t('gallery.again'), on: { click: () => this.#feed.more() },
      }));
  }

  #empty() {
    const { text, tag, favourite: isLiked, bin } = this.#conditions;
    const [name, sign] = text ? ['found', 'search'] : bin ? ['bin', 'bin']
      : isLiked ? ['favourites', 'heart'] : tag ? ['board', 'board'] : ['all', 'gallery'];
    return h('div', { class: 'empty' },
      icon(sign, 32),
      h('h2', { text: t(`gallery.empty_${name}`, { text }) }),
      h('p', { text: t(`gallery.empty_${name}_hint`) }),
      name === 'all' ? h('a', { class: 'button primary', href: '#/', text: t('nav.home') }) : null,
      name === 'found' ? h('button', {
        type: 'button', text: t('gallery.search_clear'),
        on: { click: () => { this.#search.querySelector('input').value = ''; this.#find(''); } },
      }) : null);
  }

  async #fetchTags() {
    try {
      this.#tags = (await api.get('/api/tags')).data;
    } catch (error) {
      // Without a connection the banner says so already.
      if (error.name === 'ApiError' && error.status !== 401) toastError(error);
      return;
    }
    if (this.isConnected) this.#boards.update(this.#tags, this.#conditions);
  }

  #onSelection() {
    const { ids } = this.#selection;
    const isChoosing = this.#isChoosing || ids.size > 0;
    this.#grid.choose(ids, isChoosing);
    this.#chooser.setAttribute('aria-pressed', String(isChoosing));
  }

  /** Choosing ends with what was chosen. */
  #toggleChoosing() {
    this.#isChoosing = !this.#isChoosing && this.#selection.ids.size === 0;
    this.#selection.clear();
    this.#onSelection();
  }

  #onDrag(event) {
    const id = event.target.closest?.('.shot')?.dataset.id;
    if (!id) return;
    const { ids } = this.#selection;
    event.dataTransfer.setData(DRAGGED, JSON.stringify(ids.has(id) ? [...ids] : [id]));
    event.dataTransfer.effectAllowed = 'copy';
  }

  async #onDrop(tag, ids) {
    const pictures = this.#feed.items.filter((picture) => ids.includes(picture.id));
    await addTags(pictures, [tag]);
    await this.#fetchTags();
  }

  /** Keys are about the chosen pictures, else about the one that has the focus. */
  #keys() {
    const meant = () => {
      if (this.#selection.ids.size > 0) return this.#selection.pictures;
      const isHere = this.#grid.contains(document.activeElement);
      return isHere && this.#grid.current && !this.#conditions.bin ? [this.#grid.current] : [];
    };
    const scope = 'gallery';
    return shortcuts.addAll([
      {
        id: 'gallery.search', keys: '/', scope, label: () => t('gallery.search'),
        run: () => this.#search.querySelector('input').focus(),
      },
      {
        id: 'gallery.favourite', keys: 'f', scope, label: () => t('gallery.favourite'),
        run: () => meant().forEach((picture) => favourite(picture)),
      },
      {
        id: 'gallery.remove', keys: 'Delete', scope, label: () => t('gallery.remove'),
        run: async () => {
          const pictures = meant();
          this.#selection.clear();
          await removeAll(pictures);
          this.#update();
          this.#grid.refocus();
        },
      },
      {
        id: 'gallery.all', keys: 'Mod+a', scope, label: () => t('gallery.choose_all'),
        run: () => { if (!this.#conditions.bin) this.#selection.all(this.#feed.items); },
      },
      {
        id: 'gallery.none', keys: 'Escape', scope, label: () => t('gallery.choose_none'),
        run: () => { this.#isChoosing = false; this.#selection.clear(); this.#onSelection(); },
      },
    ]);
  }
}

function more() {
  return h('p', { class: 'gallery-more', text: t('gallery.loading') });
}

function skeleton() {
  return h('div', { class: 'skeleton', role: 'status', aria: { label: t('gallery.loading') } },
    [1.5, 1, 0.7, 1.3, 1, 1.6].map((aspect) => h('i', { style: { '--aspect': aspect } })));
}

define('glm-gallery', GalleryView);

/** @param {import('../core/router.js').Place} place */
export default (place) => new GalleryView(place);
