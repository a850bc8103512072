/**
 * The chosen pictures of the gallery, and what can be done with all of them at once.
 */

import { api } from '../core/api.js';
import { toast, toastError } from '../core/announce.js';
import { modal } from '../core/dialogs.js';
import { h, icon, replace } from '../core/dom.js';
import { go } from '../core/router.js';
import { store } from '../core/store.js';
import { t } from '../core/words.js';
import { save } from './save.js';
import { TagEditor } from './tags.js';

/** Most pictures that the service packs into one file. */
const MOST_PACKED = 200;

export class Selection extends EventTarget {
  /** @type {Map<string, object>} */
  #chosen = new Map();
  #last = null;

  constructor() {
    super();
    this.node = h('div', {
      class: 'selection', role: 'toolbar', aria: { label: t('gallery.selection') }, hidden: true,
    });
  }

  get ids() {
    return new Set(this.#chosen.keys());
  }

  get pictures() {
    return [...this.#chosen.values()];
  }

  /**
   * Chooses a picture, or no longer; with Shift all from the one before to this one.
   *
   * @param {object} picture
   * @param {boolean} isChosen
   * @param {object[]} range  Pictures of the gallery in order.
   * @param {boolean} isRange
   */
  choose(picture, isChosen, range, isRange) {
    const [one, other] = [this.#last, picture.id].map((id) => range.findIndex((p) => p.id === id));
    const several = isRange && one >= 0 && other >= 0
      ? range.slice(Math.min(one, other), Math.max(one, other) + 1) : [picture];
    for (const each of several) {
      if (isChosen) this.#chosen.set(each.id, each);
      else this.#chosen.delete(each.id);
    }
    this.#last = picture.id;
    this.#changed();
  }

  /** Chooses all of these. */
  all(pictures) {
    for (const picture of pictures) this.#chosen.set(picture.id, picture);
    this.#changed();
  }

  clear() {
    if (this.#chosen.size === 0) return;
    this.#chosen.clear();
    this.#changed();
  }

  /** Keeps to the pictures as they are now; those that are gone are no longer chosen. */
  follow(id) {
    if (!this.#chosen.has(id)) return;
    const picture = store.pictures.get(id);
    if (picture) this.#chosen.set(id, picture);
    else this.#chosen.delete(id);
    this.#changed();
  }

  #changed() {
    this.#show();
    this.dispatchEvent(new Event('change'));
  }

  #show() {
    const count = this.#chosen.size;
    this.node.hidden = count === 0;
    if (count === 0) return;
    const focused = this.node.contains(document.activeElement)
      ? document.activeElement.dataset.name : null;
    const isLiked = this.pictures.every((picture) => picture.favourite);
    const button = (name, sign, text, run, isPossible = true) => h('button', {
      type: 'button', class: 'quiet', data: { name }, disabled: !isPossible, title: text,
      on: { click: run },
    }, icon(sign, 18), h('span', { class: 'selection-word', text }));
    replace(this.node,
      h('strong', {
        class: 'selection-count', role: 'status', text: t('gallery.chosen', { count }),
      }),
      button('favourite', 'heart', t(isLiked ? 'gallery.unfavourite' : 'gallery.favourite'),
        () => this.#favourite(!isLiked)),
      button('tag', 'tag', t('gallery.tag_them'), () => this.#tag()),
      button('compare', 'compare', t('gallery.compare'), () => this.#compare(), count === 2),
      button('zip', 'download', t('gallery.zip'), () => this.#zip()),
      button('bin', 'bin', t('gallery.remove'), () => this.#remove()),
      h('button', {
        type: 'button', class: 'icon-button', data: { name: 'clear' },
        aria: { label: t('gallery.choose_none') }, title: t('gallery.choose_none'),
        on: { click: () => this.clear() },
      }, icon('close', 18)));
    if (focused) this.node.querySelector(`[data-name="${focused}"]`)?.focus();
  }

  async #favourite(isLiked) {
    await each(this.pictures, (picture) => change(picture, { favourite: isLiked }));
  }

  async #tag() {
    const tags = await askTags(this.pictures.length);
    if (tags?.length) await addTags(this.pictures, tags);
  }

  #compare() {
    go(`#/compare/${[...this.ids].join(',')}`);
  }

  async #zip() {
    const ids = [...this.ids];
    try {
      for (let start = 0; start < ids.length; start += MOST_PACKED) {
        const part = ids.slice(start, start + MOST_PACKED);
        const number = ids.length > MOST_PACKED ? `-${start / MOST_PACKED + 1}` : '';
        save(await api.postBlob('/api/images/zip', { ids: part }), `pictures${number}.zip`);
      }
    } catch (error) {
      toastError(error);
    }
  }

  async #remove() {
    const pictures = this.pictures;
    this.clear();
    await removeAll(pictures);
  }
}

/** Puts pictures into the bin, with one way back for all of them. */
export async function removeAll(pictures) {
  const gone = await each(pictures, async (picture) => {
    await api.delete(`/api/images/${encodeURIComponent(picture.id)}`);
    store.dropPicture(picture.id);
  });
  if (gone.length === 0) return;
  toast(t('gallery.removed', { count: gone.length }), {
    action: { label: t('toast.undo'), run: () => restoreAll(gone) },
  });
}

/** Brings pictures back from the bin. */
export async function restoreAll(pictures) {
  const back = await each(pictures, async (picture) => {
    store.keep([await api.post(`/api/images/${encodeURIComponent(picture.id)}/restore`)]);
  });
  if (back.length > 0) toast(t('gallery.restored', { count: back.length }), { kind: 'good' });
}

/** Gives pictures some more tags. */
export async function addTags(pictures, tags) {
  const wanted = pictures.filter((picture) => tags.some((tag) => !picture.tags.includes(tag)));
  const done = await each(wanted, (picture) => change(
    picture, { tags: [...new Set([...picture.tags, ...tags])] },
  ));
  if (done.length === wanted.length) {
    toast(t('gallery.tagged', { count: pictures.length, tags: tags.join(', ') }), { kind: 'good' });
  }
}

async function change(picture, body) {
  store.keep([await api.patch(`/api/images/${encodeURIComponent(picture.id)}`, body)]);
}

/**
 * Does something to each picture; the first failure is told and ends it.
 *
 * @returns {Promise<object[]>}  Those it was done to.
 */
async function each(pictures, work) {
  const done = [];
  try {
    for (const picture of pictures) {
      await work(picture);
      done.push(picture);
    }
  } catch (error) {
    toastError(error);
  }
  return done;
}

async function askTags(count) {
  const editor = new TagEditor({ label: t('gallery.tags') });
  editor.tags = [];
  // They are only offered; without them one can still write.
  const { data } = await api.get('/api/tags').catch(() => ({ data: [] }));
  editor.known = data.map(({ tag }) => tag);
  const offered = data.slice(0, 12).map(({ tag }) => h('button', {
    type: 'button', class: 'chip', text: tag,
    on: { click: () => { editor.tags = [...new Set([...editor.tags, tag])]; } },
  }));
  const asked = modal({
    title: t('gallery.tag_title', { count }),
    body: h('div', { class: 'stack' }, editor.node,
      offered.length > 0 ? h('div', { class: 'row wrap' }, offered) : null),
    actions: [{
      label: t('gallery.tag_apply'),
      kind: 'primary',
      run: () => {
        editor.commit();
        return editor.tags.length > 0 ? editor.tags : false;
      },
    }],
  });
  editor.focus();
  return asked;
}
