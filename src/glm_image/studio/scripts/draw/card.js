/** A job on the wall: on its way, come to nothing, or its pictures. */
import { h, icon, replace } from '../core/dom.js';
import { cancel, canRetry, draw, remove, retry, reuse } from '../core/actions.js';
import { toastError } from '../core/announce.js';
import { preferences } from '../core/preferences.js';
import { hasEnded } from '../core/store.js';
import { duration, moment, t } from '../core/words.js';
import { requestAgain } from './draft.js';
import { failureWords } from './failure.js';
import { hasWords, readInto, readsUnasked, showKnown } from './reading.js';
import { openMenu, PictureTile } from './tile.js';
import './progress.js';

export class JobCard {
  #job;
  #kind = null;
  #tiles = new Map();
  #progress = null;
  #lines = new Map();
  #fresh;
  #body = h('div', { class: 'job-body' });
  #foot = h('div', { class: 'job-foot' });

  /** @param {any} job @param {{fresh: boolean}} options Whether it was seen on its way here. */
  constructor(job, { fresh }) {
    this.#fresh = fresh;
    const { width, height, seeds } = job.drawing;
    const aspect = (width / height) * Math.min(seeds.length, 4);
    this.node = h('article', { class: 'job', style: { '--row': aspect } }, this.#body, this.#foot);
    this.update(job);
  }

  update(job) {
    this.#job = job;
    const kind = hasEnded(job) ? (job.state === 'succeeded' ? 'done' : 'failed') : 'under-way';
    if (kind !== this.#kind && this.#kind === 'under-way') this.#fresh = true;
    const anew = kind !== this.#kind;
    this.#kind = kind;
    this.node.dataset.state = job.state;
    this.node.setAttribute('aria-label', t('job.label', { prompt: short(job.drawing.prompt) }));
    if (kind === 'under-way') this.#underWay(anew);
    else if (kind === 'done') this.#done(anew);
    else if (anew) this.#failed();
  }

  /** Whether there is nothing to show any more. */
  get isEmpty() {
    return this.#kind === 'done' && this.#job.pictures.length === 0;
  }

  #underWay(anew) {
    if (anew) {
      this.#progress = h('glm-progress');
      replace(this.#body, this.#progress);
      replace(this.#foot, this.#words(), h('div', { class: 'job-tools' },
        h('button', {
          type: 'button', class: 'quiet', on: { click: () => cancel(this.#job.id) },
          aria: { label: t('job.cancel.label', { prompt: short(this.#job.drawing.prompt) }) },
        }, icon('stop', 16), t('job.cancel'))));
    }
    this.#progress.job = this.#job;
  }

  #done(anew) {
    const pictures = this.#job.pictures;
    const known = [...this.#tiles.keys()].join();
    const wanted = pictures.map((picture) => picture.id).join();
    for (const picture of pictures) this.#tiles.get(picture.id)?.update(picture);
    if (!anew && known === wanted) return;
    this.#lines.clear();
    const tiles = new Map(pictures.map((picture) => [
      picture.id, this.#tiles.get(picture.id) ?? new PictureTile(this.#job, picture),
    ]));
    this.#tiles = tiles;
    const aspect = pictures.reduce((sum, picture) => sum + picture.width / picture.height, 0);
    this.node.style.setProperty('--row', String(Math.max(aspect, 0.3)));
    replace(this.#body, h('div', { class: 'frames', data: { count: String(pictures.length) } },
      pictures.map((picture) => this.#figure(picture))));
    replace(this.#foot, this.#words(), this.#meta());
    if (this.#fresh && readsUnasked()) this.#read({ asked: false });
  }

  #figure(picture) {
    const line = h('figcaption', { class: 'reading' });
    this.#lines.set(picture.id, line);
    showKnown(line, picture.id);
    return h('figure', { style: { '--aspect': picture.width / picture.height } },
      this.#tiles.get(picture.id).node, line);
  }

  async #read({ asked }) {
    if (!hasWords(this.#job.drawing.prompt)) return;
    for (const [id, line] of this.#lines) {
      if (!(await readInto(line, id, { asked }))) return;
    }
  }

  #meta() {
    const { drawing, finished, notes, started } = this.#job;
    const words = hasWords(drawing.prompt);
    const more = h('button', {
      type: 'button', class: 'icon-button small', title: t('job.more'),
      aria: { label: t('job.more') }, on: { click: () => openMenu(more, this.#items()) },
    }, icon('more', 18));
    const facts = [
      `${drawing.width} × ${drawing.height}`, finished && moment(finished),
      finished && started ? duration(finished - started) : null,
    ].filter(Boolean);
    return h('div', { class: 'job-meta' },
      h('span', { class: 'facts', text: facts.join(' · ') }),
      notes.length ? h('span', { class: 'facts', text: notes.join('; ') }) : null,
      words ? h('button', {
        type: 'button', class: 'icon-button small', title: t('reading.check'),
        aria: { label: t('reading.check') },
        on: { click: () => this.#read({ asked: true }) },
      }, icon('text', 17)) : null,
      h('button', {
        type: 'button', class: 'icon-button small', title: t('job.again'),
        aria: { label: t('job.again') }, on: { click: () => this.#again() },
      }, icon('retry', 17)),
      h('button', {
        type: 'button', class: 'icon-button small', title: t('job.reuse'),
        aria: { label: t('job.reuse') }, on: { click: () => reuse(this.#job) },
      }, icon('adjust', 17)),
      more);
  }

  #items() {
    return [
      { icon: 'retry', label: t('job.again'), run: () => this.#again() },
      { icon: 'adjust', label: t('job.reuse'), run: () => reuse(this.#job) },
      null,
      { icon: 'close', label: t('job.hide'), run: () => hide(this.#job.id) },
      {
        icon: 'bin', label: t('job.deleteAll', { count: this.#job.pictures.length }), danger: true,
        run: () => this.#job.pictures.forEach((picture) => remove(picture)),
      },
    ];
  }

  async #again() {
    try {
      await draw(requestAgain(this.#job.drawing));
    } catch (error) {
      toastError(error);
    }
  }

  #failed() {
    const { state, failure } = this.#job;
    const { what, mend } = failureWords(state, failure);
    this.node.style.setProperty('--row', '1.2');
    replace(this.#body, h('div', { class: `job-failed ${state}` },
    icon(state === 'failed' ? 'warning' : 'close', 22),
    h('p', { class: 'what', text: what }),
    mend ? h('p', { class: 'mend', text: mend }) : null));
    replace(this.#foot, this.#words(), h('div', { class: 'job-tools' },
      canRetry(this.#job) ? h('button', {
        type: 'button', class: 'quiet', on: { click: () => this.#retry() },
      }, icon('retry', 16), t('job.retry')) : null,
      h('button', { type: 'button', class: 'quiet', on: { click: () => reuse(this.#job) } },
        icon('edit', 16), t('job.change')),
      h('button', {
        type: 'button', class: 'icon-button', title: t('job.hide'),
        aria: { label: t('job.hide') }, on: { click: () => hide(this.#job.id) },
      }, icon('close', 18))));
  }

  async #retry() {
    if (await retry(this.#job.id)) hide(this.#job.id);
  }

  #words() {
    const { prompt } = this.#job.drawing;
    return h('p', { class: 'job-words', title: prompt, text: prompt });
  }
}

/** Puts a job's card away; its pictures stay in the gallery. */
function hide(id) {
  preferences.hiddenJobs = [...preferences.hiddenJobs.filter((one) => one !== id), id].slice(-400);
}

/** The first words of a prompt. */
export function short(text, most = 60) {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > most ? `${line.slice(0, most - 1)}…` : line;
}
