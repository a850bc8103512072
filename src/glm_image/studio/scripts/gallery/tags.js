/**
 * Tags of a picture as chips that can be taken away, and a field for another one.
 */

import { h, icon, newId, replace } from '../core/dom.js';
import { t } from '../core/words.js';

/** The service takes no more, and none that are longer. */
const MOST_TAGS = 32;
const MOST_CHARACTERS = 64;

export class TagEditor {
  #tags = [];
  #chips;
  #field;
  #options;
  #onChange;

  /**
   * @param {{label: string, onChange?: (tags: string[]) => void}} options
   */
  constructor({ label, onChange = () => {} }) {
    this.#onChange = onChange;
    const list = newId('tags');
    this.#chips = h('ul', { class: 'chips', aria: { label } });
    this.#options = h('datalist', { id: list });
    this.#field = h('input', {
      type: 'text', class: 'tag-field', maxlength: String(MOST_CHARACTERS), autocomplete: 'off',
      list, enterkeyhint: 'done', placeholder: t('gallery.tag_placeholder'),
      aria: { label: t('gallery.tag_add') },
      on: {
        keydown: (event) => this.#onKey(event),
        change: () => this.commit(),
      },
    });
    this.node = h('div', { class: 'tag-editor' }, this.#chips, this.#field, this.#options);
  }

  get tags() {
    return [...this.#tags];
  }

  /** Shows these tags; the field keeps what is being written. */
  set tags(tags) {
    this.#tags = [...tags];
    replace(this.#chips, tags.map((tag) => h('li', { class: 'chip' }, h('span', { text: tag }),
      h('button', {
        type: 'button', class: 'chip-remove', aria: { label: t('gallery.tag_remove', { tag }) },
        on: { click: () => this.#remove(tag) },
      }, icon('close', 14)))));
    this.#chips.hidden = tags.length === 0;
    this.#field.disabled = tags.length >= MOST_TAGS;
  }

  /** Tags that are offered while one writes. */
  set known(tags) {
    replace(this.#options, tags.map((tag) => h('option', { value: tag })));
  }

  focus() {
    this.#field.focus();
  }

  /** Takes in what stands in the field; several are parted by commas. */
  commit() {
    const words = this.#field.value.split(/[,，]/).map((word) => word.trim()).filter(Boolean);
    this.#field.value = '';
    const tags = [...new Set([...this.#tags, ...words])].slice(0, MOST_TAGS);
    if (tags.length === this.#tags.length) return;
    this.tags = tags;
    this.#onChange(tags);
  }

  #remove(tag) {
    this.tags = this.#tags.filter((one) => one !== tag);
    this.#onChange(this.#tags);
    this.#field.focus();
  }

  #onKey(event) {
    if (event.isComposing) return;
    if (event.key === 'Enter' || event.key === ',' || event.key === '，') {
      event.preventDefault();
      this.commit();
    } else if (event.key === 'Backspace' && !this.#field.value && this.#tags.length > 0) {
      this.#remove(this.#tags.at(-1));
    }
  }
}
