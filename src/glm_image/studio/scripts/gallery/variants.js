/**
 * The pictures beside a picture: those of its job, and those that are being drawn from it now.
 */

import { cancel } from '../core/actions.js';
import { h, icon, replace } from '../core/dom.js';
import { hasEnded, store } from '../core/store.js';
import { t } from '../core/words.js';

export class VariantStrip {
  #picture = null;
  #started = [];
  /** Pictures that were looked at since the first of them was opened from elsewhere, by id. */
  #seen = new Map();
  #relatives = [];

  constructor() {
    this.node = h('nav', {
      class: 'variants', aria: { label: t('gallery.variants') }, hidden: true,
    });
  }

  /** @param {object} picture */
  show(picture) {
    if (this.#picture?.id !== picture.id && !this.#isBeside(picture)) {
      this.#started = [];
      this.#seen.clear();
    }
    this.#picture = picture;
    this.#seen.set(picture.id, picture);
    this.update();
  }

  /** Relatives that are shown beside it if they are of the same job. */
  set relatives(pictures) {
    this.#relatives = pictures;
    this.update();
  }

  /** Shows a job that draws a variant. */
  start(job) {
    this.#started.push(job.id);
    this.update();
  }

  /** Whether a job is one of those that were started here. */
  follows(id) {
    return this.#started.includes(id);
  }

  update() {
    const pictures = this.#pictures();
    const running = this.#started.map((id) => store.jobs.get(id)).filter(
      (job) => job && !(hasEnded(job) && job.pictures.length > 0),
    );
    this.node.hidden = pictures.length + running.length < 2;
    if (this.node.hidden) return;
    replace(this.node, h('ul', {},
      pictures.map((picture, index) => this.#link(picture, index)),
      running.map((job) => pending(job))));
  }

  #isBeside(picture) {
    return this.#pictures().some(({ id }) => id === picture.id);
  }

  #pictures() {
    if (!this.#picture) return [];
    const seen = [...this.#seen.values()];
    const jobs = new Set([...seen.map(({ job_id: job }) => job), ...this.#started]);
    const drawn = this.#started.flatMap((id) => store.jobs.get(id)?.pictures ?? []);
    const known = new Map([...seen, ...this.#relatives, ...drawn]
      .filter(({ job_id: job }) => jobs.has(job))
      .map((picture) => [picture.id, picture]));
    return [...known.values()].sort(
      (one, other) => one.created - other.created || one.index - other.index,
    );
  }

  #link(picture, index) {
    const label = t('gallery.variant', { number: index + 1, seed: String(picture.seed) });
    return h('li', {}, h('a', {
      href: `#/picture/${picture.id}`, title: label,
      aria: { label, current: picture.id === this.#picture.id ? 'page' : null },
    }, h('img', { src: picture.thumbnail_url, alt: '', decoding: 'async' })));
  }
}

/** A variant that is not finished. */
function pending(job) {
  const { done = 0, total = 0 } = job.progress ?? {};
  const share = total > 0 ? done / total : 0;
  if (hasEnded(job)) {
    const why = job.failure?.message ?? t('gallery.variant_stopped');
    return h('li', { class: 'variant-failed', title: why },
      icon('warning', 20), h('span', { class: 'spoken', text: why }));
  }
  return h('li', { class: 'variant-pending' },
    h('div', { class: 'bar', style: { '--share': share } }, h('i')),
    h('button', {
      type: 'button', class: 'icon-button small', aria: { label: t('gallery.variant_stop') },
      title: t('gallery.variant_stop'), on: { click: () => cancel(job.id) },
    }, icon('close', 16)));
}
