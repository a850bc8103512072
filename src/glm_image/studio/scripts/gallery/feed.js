/**
 * Pictures that fit some conditions, the latest first, fetched page by page as they are needed and
 * kept true while the gallery changes.
 */

import { api } from '../core/api.js';

const PAGE = 60;

export class Feed extends EventTarget {
  /** @type {object[]} */
  items = [];
  /** Whether there is nothing behind the last one. */
  isDone = false;
  /** What went wrong with the latest page, until the next try. */
  error = null;
  #conditions;
  #next = null;
  #running = null;
  #known = new Set();

  /** @param {import('./conditions.js').Conditions} conditions */
  constructor(conditions) {
    super();
    this.#conditions = conditions;
  }

  get conditions() {
    return this.#conditions;
  }

  get isBusy() {
    return this.#running !== null;
  }

  /** Fetches the next page unless that is going on or there is none. */
  async more() {
    if (this.#running || this.isDone) return;
    this.#running = new AbortController();
    this.error = null;
    this.#changed();
    try {
      const { signal } = this.#running;
      const page = await api.get('/api/images', { query: this.#query(), signal });
      for (const picture of page.data) this.#insert(picture);
      this.#next = page.next;
      this.isDone = page.next === null;
    } catch (error) {
      if (error.name === 'AbortError') return;
      this.error = error;
    } finally {
      this.#running = null;
    }
    this.#changed();
  }

  /** Stops what is going on. */
  stop() {
    this.#running?.abort();
  }

  /** Takes a picture in as it is now, or out if it no longer fits. */
  put(picture) {
    const at = this.items.findIndex((one) => one.id === picture.id);
    if (!this.#fits(picture)) {
      this.drop(picture.id);
      return;
    }
    if (at >= 0) this.items[at] = picture;
    else if (!this.#isBeyond(picture)) this.#insert(picture);
    else return;
    this.#changed();
  }

  /** Takes a picture out. */
  drop(id) {
    const at = this.items.findIndex((one) => one.id === id);
    if (at < 0) return;
    this.items.splice(at, 1);
    this.#known.delete(id);
    this.#changed();
  }

  #query() {
    const { text, tag, favourite, bin } = this.#conditions;
    return {
      text,
      tag,
      favourite: favourite ? true : null,
      deleted: bin ? true : null,
      before: this.#next,
      limit: PAGE,
    };
  }

  #fits(picture) {
    const { text, tag, favourite } = this.#conditions;
    const words = text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    const found = [picture.prompt, ...picture.tags].join('\n').toLocaleLowerCase();
    return (!favourite || picture.favourite)
      && (!tag || picture.tags.includes(tag))
      && words.every((word) => found.includes(word));
  }

  /** Whether a later page brings it. */
  #isBeyond(picture) {
    const last = this.items.at(-1);
    return !this.isDone && (!last || later(last, picture));
  }

  #insert(picture) {
    if (this.#known.has(picture.id)) return;
    this.#known.add(picture.id);
    const at = this.items.findIndex((one) => later(picture, one));
    if (at < 0) this.items.push(picture);
    else this.items.splice(at, 0, picture);
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}

/** Whether one picture stands before another one. */
function later(one, other) {
  return one.created !== other.created ? one.created > other.created : one.id > other.id;
}
