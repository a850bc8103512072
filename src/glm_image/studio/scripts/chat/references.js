/** Pictures that a drawing starts from, as numbered chips whose numbers can be used in the text. */
import { api } from '../core/api.js';
import { announce, errorText } from '../core/announce.js';
import { addStyles, define, Element, h, icon, newId, replace } from '../core/dom.js';
import { loadWords, t } from '../core/words.js';
import { mark } from './named.js';

export { mark, named, unknownMarks, withoutMark } from './named.js';

const MOST = 16;
const DRAGGED = 'application/x-glm-reference';

/**
 * @typedef {object} Item
 * @property {string} key     Of the page alone.
 * @property {string|null} id What the service calls it, once it is there.
 * @property {'picture'|'upload'} kind
 * @property {string} url     To be shown: of this page until the service has it.
 * @property {string} name
 * @property {number|null} width
 * @property {number|null} height
 * @property {'uploading'|'ready'|'failed'} state
 * @property {string} [error]
 * @property {File} [file]
 * @property {boolean} [automatic] Taken by the page, not by the user.
 */

/** What is put into `items`: a picture or upload of the service. @returns {Item} */
export function itemOf(given, extra = {}) {
  return {
    key: newId('reference'), id: given.id, url: given.url, state: 'ready',
    kind: given.id.startsWith('file_') ? 'upload' : 'picture',
    name: given.filename ?? given.prompt ?? given.name ?? given.id,
    width: given.width, height: given.height, ...extra,
  };
}

/**
 * `<glm-references>`: events `change` whenever pictures come, go, move or arrive at the service,
 * `insert` with {mark} when a number is pressed, `removed` with {index} when one is taken away.
 */
export class References extends Element {
  #items = [];
  #limit = MOST;
  #list = null;
  #problem = null;

  /** @returns {Item[]} */
  get items() {
    return [...this.#items];
  }

  set items(items) {
    this.#forget(this.#items.filter((one) => !items.includes(one)));
    this.#items = items.map((one) => (one.key ? one : itemOf(one))).slice(0, this.#limit);
    this.#changed();
  }

  /** Ids in the order of the numbers; those still under way are left out. */
  get ids() {
    return this.#items.filter((one) => one.state === 'ready').map((one) => one.id);
  }

  /** Whether every picture has arrived at the service. */
  get ready() {
    return this.#items.every((one) => one.state === 'ready');
  }

  /** How many the model takes. */
  get limit() {
    return this.#limit;
  }

  set limit(count) {
    this.#limit = Math.max(0, Math.min(count, MOST));
    this.#render();
  }

  async connected() {
    await Promise.all([loadWords('references'), addStyles('references')]);
    if (!this.isConnected) return;
    this.#list = h('ol', { class: 'reference-list', aria: { label: t('references.label') } });
    this.#problem = h('p', { class: 'reference-problem', role: 'alert', hidden: true });
    replace(this, this.#list, this.#problem);
    this.#render();
  }

  disconnected() {
    this.#list = null;
  }

  /**
   * Adds files, and pictures or uploads of the service.
   *
   * @param {...(File|Blob|object)} given
   * @returns {Promise<void>} When all have arrived, or failed to.
   */
  async add(...given) {
    await loadWords('references');
    // What the page chose by itself makes room for what a person chooses.
    if (given.length && this.#items.every((one) => one.automatic)) this.#items = [];
    const room = this.#limit - this.#items.length;
    if (given.length > room) this.#say(t('references.full', { count: this.#limit }));
    const taken = given.slice(0, Math.max(0, room)).map((one) => (
      one instanceof Blob ? this.#fromFile(one) : itemOf(one)));
    if (taken.length === 0) return;
    this.#items.push(...taken);
    this.#changed();
    await Promise.all(taken.filter((one) => one.file).map((one) => this.#upload(one)));
  }

  /** Opens a choice of pictures and files, and adds what was chosen. */
  async pick() {
    const { openPicker } = await import('./picker.js');
    const own = this.#items.filter((one) => !one.automatic);
    if (own.length >= this.#limit) {
      this.#say(t('references.full', { count: this.#limit }));
      return;
    }
    const chosen = await openPicker({ limit: this.#limit - own.length });
    if (chosen) await this.add(...chosen);
  }

  /** Takes one away. */
  remove(index) {
    const [gone] = this.#items.splice(index, 1);
    if (!gone) return;
    this.#forget([gone]);
    this.#say('');
    this.#changed();
    announce(t('references.removed', { mark: mark(index) }));
    this.dispatchEvent(new CustomEvent('removed', { detail: { index } }));
  }

  clear() {
    this.items = [];
  }

  #fromFile(file) {
    return {
      key: newId('reference'), id: null, kind: 'upload', state: 'uploading', file,
      url: URL.createObjectURL(file), name: file.name || t('references.pasted'),
      width: null, height: null,
    };
  }

  async #upload(item) {
    item.state = 'uploading';
    this.#render();
    try {
      const upload = await api.upload(item.file);
      this.#forget([item]);
      Object.assign(item, {
        state: 'ready', id: upload.id, url: upload.url, width: upload.width, height: upload.height,
        error: '',
      });
      this.#say('');
    } catch (error) {
      Object.assign(item, { state: 'failed', error: errorText(error) });
      this.#say(t('references.failed', { name: item.name, reason: item.error }));
    }
    this.#changed();
  }

  #forget(items) {
    for (const one of items) if (one.url.startsWith('blob:')) URL.revokeObjectURL(one.url);
  }

  #move(from, to) {
    if (to < 0 || to >= this.#items.length || from === to) return;
    const [moved] = this.#items.splice(from, 1);
    this.#items.splice(to, 0, moved);
    this.#changed();
    announce(t('references.moved', { mark: mark(to) }));
    this.#list?.children[to]?.querySelector('button')?.focus();
  }

  #say(text) {
    if (!this.#problem) return;
    this.#problem.hidden = !text;
    this.#problem.textContent = text;
  }

  #changed() {
    this.#render();
    this.dispatchEvent(new Event('change'));
  }

  #render() {
    if (!this.#list) return;
    this.hidden = this.#items.length === 0;
    replace(this.#list, this.#items.map((item, index) => this.#chip(item, index)));
  }

  #chip(item, index) {
    const sign = mark(index);
    const shown = h('button', {
      type: 'button', class: 'reference-use', title: t('references.hint', { name: item.name }),
      aria: { label: t('references.use', { mark: sign, name: item.name }) },
      on: {
        click: () => this.dispatchEvent(new CustomEvent('insert', { detail: { mark: sign } })),
        keydown: (event) => this.#onKey(event, index),
      },
    },
    h('img', { src: item.url, alt: '', draggable: false, decoding: 'async' }),
    h('span', { class: 'reference-mark', aria: { hidden: 'true' }, text: sign }));
    return h('li', {
      class: `reference ${item.state}${item.automatic ? ' automatic' : ''}`, draggable: 'true',
      on: {
        dragstart: (event) => event.dataTransfer.setData(DRAGGED, String(index)),
        dragover: (event) => {
          if (event.dataTransfer.types.includes(DRAGGED)) event.preventDefault();
        },
        drop: (event) => {
          const from = event.dataTransfer.getData(DRAGGED);
          if (from === '') return;
          event.preventDefault();
          event.stopPropagation();
          this.#move(Number(from), index);
        },
      },
    },
    shown,
    item.state === 'uploading' && h('span', { class: 'reference-state', role: 'status' },
      h('span', { class: 'spoken', text: t('references.uploading') })),
    item.state === 'failed' && h('button', {
      type: 'button', class: 'icon-button small', title: item.error,
      aria: { label: t('references.again', { name: item.name }) },
      on: { click: () => this.#upload(item) },
    }, icon('retry', 16)),
    h('button', {
      type: 'button', class: 'icon-button small reference-remove',
      aria: { label: t('references.remove', { mark: sign, name: item.name }) },
      on: { click: () => this.remove(index) },
    }, icon('close', 16)));
  }

  #onKey(event, index) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === 'Delete' || event.key === 'Backspace') {
      event.preventDefault();
      this.remove(index);
      this.#list?.children[Math.min(index, this.#items.length - 1)]?.querySelector('button')?.focus();
    } else if (step && event.altKey) {
      event.preventDefault();
      this.#move(index, index + step);
    }
  }
}

define('glm-references', References);
