/**
 * `<glm-progress>`: how far a job is. Each picture is a frame in its true aspect, in which first
 * the generator's codes appear, then previews of the decoder, then the picture; below them a bar
 * of two stages. Set `job`, and set it again whenever the store says that it has changed.
 */
import { addStyles, define, Element, h, replace } from '../core/dom.js';
import { duration, t } from '../core/words.js';
import { hasEnded } from '../core/store.js';
import { paintGrid } from './grid.js';

/** Pixels that one code describes. */
const PIXELS_PER_CODE = 32;

export class Progress extends Element {
  #job = null;
  #frames = [];
  #bars = [];
  #words = null;
  #left = null;
  #bar = null;

  get job() {
    return this.#job;
  }

  set job(job) {
    const anew = this.#job?.id !== job.id;
    this.#job = job;
    if (this.isConnected) this.#update(anew);
  }

  connected() {
    addStyles('progress');
    if (this.#job) this.#update(true);
    const timer = setInterval(() => this.#tick(), 1000);
    this.own(() => clearInterval(timer));
  }

  #build() {
    const { drawing } = this.#job;
    this.#frames = drawing.seeds.map((seed, index) => {
      const canvas = h('canvas', { class: 'frame-codes', aria: { hidden: true } });
      const image = h('img', { class: 'frame-preview', alt: '', hidden: true });
      const node = h('div', {
        class: 'picture-frame', style: { '--aspect': drawing.width / drawing.height },
      }, canvas, image);
      return { node, canvas, image, index };
    });
    this.#bars = [h('i'), h('i')];
    this.#words = h('span', { class: 'progress-words' });
    this.#left = h('span', { class: 'progress-left' });
    this.#bar = h('div', { class: 'progress-bar', role: 'progressbar',
      aria: { label: t('progress.label'), valuemin: 0, valuemax: 100 } },
    this.#bars.map((bar) => h('span', {}, bar)));
    replace(this,
      h('div', { class: 'frames', data: { count: String(drawing.seeds.length) } },
        this.#frames.map((frame) => frame.node)),
      h('div', { class: 'progress-line' }, this.#words, this.#left),
      this.#bar);
  }

  #update(anew) {
    if (anew || !this.#bar) this.#build();
    const job = this.#job;
    const shares = stageShares(job);
    for (const frame of this.#frames) this.#frame(frame, shares.layout);
    this.#bars[0].style.setProperty('--share', shares.layout);
    this.#bars[1].style.setProperty('--share', shares.details);
    this.#bar.classList.toggle('busy', job.state === 'running'
      && (!job.progress || ['decode', 'post'].includes(job.progress.stage)));
    const words = progressWords(job);
    this.#words.textContent = words;
    const whole = Math.round((shares.layout + shares.details) * 50);
    this.#bar.setAttribute('aria-valuenow', String(whole));
    this.#bar.setAttribute('aria-valuetext', words);
    this.#tick();
  }

  #frame({ node, canvas, image, index }, share) {
    const job = this.#job;
    const picture = job.pictures.find((one) => one.index === index);
    const source = picture?.url ?? job.previews.get(index) ?? null;
    node.classList.toggle('done', Boolean(picture));
    image.alt = picture ? job.drawing.prompt : '';
    if (source && source.split('?')[0] !== image.dataset.file) {
      image.dataset.file = source.split('?')[0];
      image.src = source;
      image.hidden = false;
    }
    if (picture) return;
    const [rows, columns] = job.grid ?? [job.drawing.height, job.drawing.width]
      .map((side) => Math.max(1, Math.round(side / PIXELS_PER_CODE)));
    paintGrid(canvas, {
      rows,
      columns,
      codes: job.codes.get(index),
      share,
    });
  }

  #tick() {
    if (!this.#left || !this.#job) return;
    const seconds = secondsLeft(this.#job);
    this.#left.textContent = seconds === null
      ? '' : t('progress.left', { time: duration(seconds) });
  }
}

/** Shares in 0..1 of the two stages that people wait for. */
export function stageShares(job) {
  if (job.state === 'succeeded') return { layout: 1, details: 1 };
  const { stage, done, total } = job.progress ?? { stage: null, done: 0, total: 0 };
  const share = total ? Math.min(1, done / total) : 0;
  if (stage === 'write') return { layout: share, details: 0 };
  if (stage === 'paint') return { layout: 1, details: share };
  return stage ? { layout: 1, details: 1 } : { layout: 0, details: 0 };
}

/** Where a job stands, in words. */
export function progressWords(job) {
  if (job.state === 'queued') {
    return job.position ? t('progress.waiting', { count: job.position }) : t('progress.next');
  }
  if (job.state !== 'running') return t(`job.${job.state}`);
  const { stage, done, total } = job.progress ?? {};
  if (stage === 'write') return t('progress.write', { share: percent(done, total) });
  if (stage === 'paint') return t('progress.paint', { share: percent(done, total) });
  return t(stage ? 'progress.finish' : 'progress.begin');
}

function percent(done, total) {
  return `${total ? Math.floor((100 * done) / total) : 0}`;
}

/** Seconds until a job is finished, counted down since the service said so; null if unknown. */
export function secondsLeft(job) {
  if (hasEnded(job) || job.eta_seconds === null) return null;
  const left = job.eta_seconds - (Date.now() / 1000 - job.estimatedAt);
  return left > 0.5 ? left : null;
}

define('glm-progress', Progress);
