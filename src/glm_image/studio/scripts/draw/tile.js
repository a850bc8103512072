/** A finished picture on the wall, with what can be done to it. */
import { h, icon } from '../core/dom.js';
import { cancel, draw, favourite, remove, reuse } from '../core/actions.js';
import { toast, toastError } from '../core/announce.js';
import { go } from '../core/router.js';
import { t } from '../core/words.js';
import { variation } from './draft.js';
import { DRAGGED } from './intake.js';

/** A finished picture as a node; `update(picture)` shows its marks. */
export class PictureTile {
  #picture = null;
  #job;
  #image = h('img', { class: 'frame-preview', decoding: 'async', draggable: 'true' });
  #link;
  #heart;

  /** @param {any} job Its job. @param {any} picture */
  constructor(job, picture) {
    this.#job = job;
    this.#link = h('a', { class: 'tile-link', href: `#/picture/${picture.id}` }, this.#image);
    this.#heart = this.#button('heart', 'tile.favourite', () => favourite(this.#picture));
    this.#heart.classList.add('heart');
    const more = this.#button('more', 'tile.more', () => openMenu(more, this.#items()));
    this.node = h('div', {
      class: 'picture-frame tile done', data: { id: picture.id },
      style: { '--aspect': picture.width / picture.height },
    },
    this.#link,
    h('div', { class: 'tile-tools' },
      this.#heart,
      this.#button('layers', 'tile.newDetails', () => this.vary('layout'), 'rare'),
      this.#button('edit', 'tile.edit', () => go(`#/chat?picture=${picture.id}`), 'rare'),
      more));
    this.node.tile = this;
    this.node.addEventListener('dragstart', (event) => {
      event.dataTransfer.setData(DRAGGED, this.#picture.id);
    });
    this.update(picture);
  }

  get picture() {
    return this.#picture;
  }

  update(picture) {
    // A signed address changes with every answer while the file is the same.
    const file = (one) => one?.url.split('?')[0];
    if (file(this.#picture) !== file(picture)) this.#image.src = picture.url;
    this.#picture = picture;
    this.#image.alt = picture.prompt || this.#job.drawing.prompt;
    this.#heart.setAttribute('aria-pressed', String(picture.favourite));
    this.node.classList.toggle('favourite', picture.favourite);
  }

  focus() {
    this.#link.focus();
  }

  /** Draws it again with one seed kept. @param {'layout'|'details'|'none'} keep */
  async vary(keep) {
    try {
      const job = await draw(variation(this.#picture, this.#job.drawing, keep));
      toast(t(`tile.varied.${keep}`), {
        action: { label: t('dialog.cancel'), run: () => cancel(job.id) },
      });
    } catch (error) {
      toastError(error);
    }
  }

  /** Saves the file. */
  download() {
    const { id, mime, url } = this.#picture;
    const link = h('a', { href: url, download: `${id}.${mime.split('/')[1]}` });
    document.body.append(link);
    link.click();
    link.remove();
  }

  #button(name, key, run, kind = '') {
    return h('button', {
      type: 'button', class: `tile-button ${kind}`, title: t(key), aria: { label: t(key) },
      on: { click: run },
    }, icon(name, 18));
  }

  #items() {
    return [
      { icon: 'layers', label: t('tile.newDetails'), run: () => this.vary('layout') },
      { icon: 'grid', label: t('tile.newLayout'), run: () => this.vary('details') },
      { icon: 'shuffle', label: t('tile.another'), run: () => this.vary('none') },
      null,
      { icon: 'adjust', label: t('tile.reuse'), run: () => reuse(this.#picture) },
      { icon: 'image', label: t('tile.reference'), run: () => useAsReference(this.#picture) },
      { icon: 'edit', label: t('tile.edit'), run: () => go(`#/chat?picture=${this.#picture.id}`) },
      null,
      { icon: 'download', label: t('tile.download'), run: () => this.download() },
      { icon: 'bin', label: t('tile.delete'), run: () => remove(this.#picture), danger: true },
    ];
  }
}

/** Opens a menu; its module is loaded with the first one. */
export async function openMenu(anchor, items) {
  const menu = await import('../core/menu.js');
  menu.openMenu(anchor, items);
}

/** Has the composer start from a picture. */
export function useAsReference(picture) {
  window.dispatchEvent(new CustomEvent('glm-reference', { detail: { picture } }));
}
