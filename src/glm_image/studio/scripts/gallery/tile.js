/**
 * One picture of the gallery: a link to it, with marks and a choice on top.
 */

import { h, icon, setProps } from '../core/dom.js';
import { t } from '../core/words.js';

/**
 * @typedef {{favourite: (picture: object) => void, choose: (picture: object, on: boolean,
 *   event: Event) => void, restore: (picture: object) => void}} TileActions
 */

export class Tile {
  #picture;
  #actions;
  #link;
  #image;
  #favourite;
  #choice;

  /**
   * @param {object} picture
   * @param {TileActions} actions
   * @param {boolean} isBin  In the bin a picture can only be brought back.
   */
  constructor(picture, actions, isBin) {
    this.#actions = actions;
    this.#image = h('img', { loading: 'lazy', decoding: 'async', draggable: 'false' });
    this.#link = isBin
      ? h('div', { class: 'shot-link', tabindex: '-1' }, this.#image)
      : h('a', { class: 'shot-link', tabindex: '-1', draggable: 'false' }, this.#image);
    const draggable = String(!isBin);
    this.node = h('div', { class: 'shot', role: 'listitem', draggable }, this.#link,
      isBin ? this.#binTools() : this.#tools());
    this.update(picture);
  }

  get picture() {
    return this.#picture;
  }

  /** Shows the picture as it is now. */
  update(picture) {
    const words = picture.prompt || t('gallery.no_prompt');
    if (!this.#isSame(picture)) this.#image.src = picture.thumbnail_url;
    this.#picture = picture;
    setProps(this.#image, { alt: words, width: picture.width, height: picture.height });
    if (this.#link.tagName === 'A') this.#link.href = `#/picture/${picture.id}`;
    this.node.dataset.id = picture.id;
    if (this.#favourite) {
      this.#favourite.setAttribute('aria-pressed', String(picture.favourite));
      this.#favourite.classList.toggle('on', picture.favourite);
    }
    this.#choice?.setAttribute('aria-label', t('gallery.choose_one', { prompt: short(words) }));
  }

  /** Where it lies, and which one of how many it is. */
  place({ left, top, width, height, position, count }) {
    const { style } = this.node;
    style.transform = `translate(${left}px, ${top}px)`;
    style.width = `${width}px`;
    style.height = `${height}px`;
    this.node.setAttribute('aria-posinset', String(position));
    this.node.setAttribute('aria-setsize', String(count));
  }

  /** Whether it is among the chosen ones. */
  choose(isChosen) {
    if (this.#choice) this.#choice.checked = isChosen;
    this.node.classList.toggle('chosen', isChosen);
  }

  /** Whether Tab comes here. */
  reach(isReached) {
    const index = isReached ? '0' : '-1';
    this.#link.tabIndex = Number(index);
    for (const control of this.node.querySelectorAll('button, input')) {
      control.tabIndex = Number(index);
    }
  }

  focus() {
    this.#link.focus({ preventScroll: true });
  }

  /** A signed address changes with every answer while the file is the same. */
  #isSame(picture) {
    const file = (one) => one?.url.split('?')[0];
    return file(picture) === file(this.#picture);
  }

  #tools() {
    this.#favourite = h('button', {
      type: 'button', class: 'shot-button favourite', aria: { label: t('gallery.favourite') },
      title: t('gallery.favourite'),
      on: { click: () => this.#actions.favourite(this.#picture) },
    }, icon('heart', 18));
    this.#choice = h('input', {
      type: 'checkbox', class: 'shot-choice',
      on: {
        click: (event) => this.#actions.choose(this.#picture, event.currentTarget.checked, event),
      },
    });
    return [h('label', { class: 'shot-button choice' }, this.#choice), this.#favourite];
  }

  #binTools() {
    return h('button', {
      type: 'button', class: 'shot-restore',
      on: { click: () => this.#actions.restore(this.#picture) },
    }, icon('undo', 18), t('gallery.restore'));
  }
}

/** The first words of a prompt. */
export function short(text, most = 60) {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > most ? `${line.slice(0, most - 1)}…` : line;
}
