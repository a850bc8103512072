/** What a drawing starts from: references, and the part of the first one that may change. */
import { define, Element, h, icon, replace } from '../core/dom.js';
import { toastError } from '../core/announce.js';
import { t } from '../core/words.js';
import { draft } from './draft.js';

/**
 * `<glm-sources>`: shows `references` and `mask` of the draft and changes them; event 'insert' with
 * {mark} when the number of a reference is pressed. Its parts are loaded when the first one comes.
 */
export class Sources extends Element {
  #list = null;
  #tools = h('div', { class: 'mask-tools' });
  #named = (text) => text;
  #limit = null;

  connected() {
    this.listen(draft, 'change', () => this.#sync());
    this.#sync();
  }

  /** Whether every picture has arrived at the service. */
  get ready() {
    return this.#list?.ready ?? true;
  }

  set limit(count) {
    this.#limit = count;
    if (this.#list && this.#list.limit !== count) this.#list.limit = count;
  }

  /** Words in which the numbers of references are said in a way that the model understands. */
  named(text) {
    return this.#named(text);
  }

  /** Adds files, and pictures of the service. */
  async add(given) {
    try {
      await (await this.#open()).add(...given);
    } catch (error) {
      toastError(error);
    }
  }

  /** Has people choose. */
  async pick() {
    try {
      await (await this.#open()).pick();
    } catch (error) {
      toastError(error);
    }
  }

  async #open() {
    if (this.#list) return this.#list;
    const module = await import('../chat/references.js');
    if (this.#list) return this.#list;
    this.#named = module.named;
    const list = h('glm-references');
    this.#list = list;
    if (this.#limit !== null) list.limit = this.#limit;
    list.items = draft.values.references;
    list.addEventListener('change', () => this.#changed());
    list.addEventListener('insert', (event) => {
      this.dispatchEvent(new CustomEvent('insert', { detail: event.detail }));
    });
    replace(this, list, this.#tools);
    this.#sync();
    return list;
  }

  #changed() {
    const before = draft.values;
    const references = this.#list.items.filter((item) => item.state === 'ready')
      .map(({ id, url, name, width, height }) => ({ id, url, name, width, height }));
    const isSameFirst = references[0]?.id === before.references[0]?.id;
    draft.set({ references, mask: isSameFirst ? before.mask : null }, this);
  }

  /** Shows what stands in the draft. */
  #sync() {
    const { references, mask } = draft.values;
    if (!this.#list) {
      if (references.length) this.#open().catch(toastError);
      return;
    }
    const shown = this.#list.items.filter((item) => item.state === 'ready').map((item) => item.id);
    if (shown.join() !== references.map((one) => one.id).join()) this.#list.items = references;
    replace(this.#tools, references.length ? [
      h('button', {
        type: 'button', class: 'quiet', aria: { pressed: String(Boolean(mask)) },
        on: { click: () => this.#choosePart() },
      }, icon('brush', 18), t(mask ? 'compose.mask.again' : 'compose.mask')),
      mask ? h('button', {
        type: 'button', class: 'link', text: t('compose.mask.drop'),
        on: { click: () => draft.set({ mask: null }) },
      }) : null,
    ] : []);
  }

  async #choosePart() {
    try {
      const { openMask } = await import('../chat/mask.js');
      const mask = await openMask(draft.values.references[0]);
      if (mask) draft.set({ mask: mask.dataUrl });
    } catch (error) {
      toastError(error);
    }
  }
}

define('glm-sources', Sources);
