/** What was said, from top to bottom: words, pictures, and what can be done with them. */
import { announce, errorText } from '../core/announce.js';
import { cancel, favourite } from '../core/actions.js';
import { define, Element, h, icon, replace } from '../core/dom.js';
import { quotes } from '../core/quotes.js';
import { hasEnded, store } from '../core/store.js';
import { t } from '../core/words.js';
import '../draw/progress.js';
import { mark } from './named.js';
import { sourceOf } from './sources.js';
import { picturesOf, wordsOf } from './talk.js';

/** Words with what will be drawn as text marked in them. @param {string} text */
export function marked(text) {
  const nodes = [];
  let from = 0;
  for (const { start, end } of quotes(text)) {
    nodes.push(text.slice(from, start), h('mark', { class: 'quoted', text: text.slice(start, end) }));
    from = end;
  }
  return [...nodes, text.slice(from)];
}

/**
 * What a person said.
 *
 * @param {import('./tree.js').Turn} turn
 * @param {{siblings: object[], onChoose: (turn) => void, onChange: (turn) => void}} options
 */
export function userTurn(turn, { siblings, onChoose, onChange }) {
  const place = siblings.indexOf(turn);
  const step = (way, name) => h('button', {
    type: 'button', class: 'icon-button small', disabled: !siblings[place + way],
    aria: { label: t(`chat.branch.${name}`) },
    on: { click: () => onChoose(siblings[place + way]) },
  }, icon(way < 0 ? 'left' : 'right', 18));
  return h('li', { class: 'turn said', data: { turn: turn.id } },
    h('h2', { class: 'spoken', text: t('chat.you') }),
    turn.sources.length > 0 && h('ul', { class: 'turn-sources', aria: { label: t('chat.sources') } },
      turn.sources.map((id, index) => sourceThumb(id, mark(index)))),
    h('div', { class: 'turn-line' }, h('div', { class: 'turn-tools' },
      siblings.length > 1 && h('div', {
        class: 'branches', role: 'group', aria: { label: t('chat.branches') },
      },
      step(-1, 'before'),
      h('span', { text: t('chat.branch', { n: place + 1, count: siblings.length }) }),
      step(1, 'after')),
      h('button', {
        type: 'button', class: 'icon-button small', title: t('chat.change'),
        aria: { label: t('chat.change') }, on: { click: () => onChange(turn) },
      }, icon('edit', 18))),
    h('p', { class: 'turn-words' }, marked(wordsOf(turn)))));
}

function sourceThumb(id, sign) {
  const node = h('li', { class: 'turn-source' },
    h('span', { class: 'reference-mark', text: sign }));
  sourceOf(id).then(
    (source) => {
      const image = h('img', {
        src: source.thumbnail_url ?? source.url, alt: source.prompt ?? source.filename ?? '', loading: 'lazy',
      });
      node.prepend(id.startsWith('img_') ? h('a', { href: `#/picture/${id}` }, image) : image);
    },
    (error) => {
      node.classList.add('gone');
      node.title = error.status === 404 ? t('chat.sourceGone') : errorText(error);
      node.prepend(icon('image', 20), h('span', { class: 'spoken', text: node.title }));
    },
  );
  return node;
}

/**
 * `<glm-answer>`: pictures, or how far they are. `turn`, and `actions` with `onUse(picture)`,
 * `onMask(picture)`, `onAgain(turn)`.
 */
class Answer extends Element {
  turn = null;
  actions = null;
  #shown = '';

  connected() {
    this.own(store.subscribe((change) => {
      const mine = change.kind === 'job' && change.id === this.turn.job_id;
      const drawn = change.kind === 'picture'
        && picturesOf(this.turn).some((picture) => picture.id === change.id);
      if (mine || drawn) this.#render();
    }));
    this.#render();
    const known = store.jobs.get(this.turn.job_id);
    if (!known && this.turn.pictures.length === 0) this.#find();
  }

  async #find() {
    try {
      await store.fetchJob(this.turn.job_id);
    } catch (error) {
      this.#shown = '';
      replace(this, h('p', { class: 'turn-note', text: errorText(error) }));
    }
  }

  #render() {
    const job = store.jobs.get(this.turn.job_id);
    const pictures = picturesOf(this.turn);
    const before = this.#shown;
    const state = job ? `${job.state}:${job.pictures.length}` : `kept:${pictures.length}`;
    this.#shown = state;
    if (job && !hasEnded(job)) {
      if (before !== state || !this.progress) this.#begin(job);
      this.progress.job = job;
      return;
    }
    this.progress = null;
    replace(this, pictures.length > 0
      ? h('div', { class: `turn-pictures n${Math.min(pictures.length, 4)}` },
        pictures.map((picture) => this.#picture(store.pictures.get(picture.id) ?? picture)))
      : this.#nothing(job));
    if (!/^(running|queued)/.test(before)) return;
    if (pictures.length) announce(t('chat.done', { count: pictures.length }));
    else if (job?.failure) announce(t('chat.failed', { reason: job.failure.message }), { urgent: true });
  }

  #begin(job) {
    this.progress = h('glm-progress', {});
    replace(this, this.progress, h('div', { class: 'turn-tools' }, h('button', {
      type: 'button', class: 'quiet', on: { click: () => cancel(job.id) },
    }, icon('stop', 18), t('chat.cancel'))));
  }

  #nothing(job) {
    const failed = job?.failure;
    const text = failed
      ? t('chat.failed', { reason: failed.message })
      : t(job?.state === 'cancelled' ? 'chat.cancelled' : job?.state === 'expired'
        ? 'chat.expired' : job ? 'chat.deleted' : 'chat.unknown');
    return h('div', { class: `turn-note${failed ? ' bad' : ''}` },
      h('p', {}, failed && icon('warning', 18), text),
      failed?.hint && h('p', { class: 'muted', text: failed.hint }),
      h('button', {
        type: 'button', on: { click: () => this.actions.onAgain(this.turn) },
      }, icon('retry', 18), t('chat.again')));
  }

  #picture(picture) {
    const { onUse, onMask, onAgain } = this.actions;
    const loved = Boolean(picture.favourite);
    const tool = (name, key, run, more = {}) => h('button', {
      type: 'button', class: 'icon-button', title: t(key), aria: { label: t(key), ...more },
      on: { click: run },
    }, icon(name));
    const from = picture.parents?.[0];
    const figure = h('figure', { class: 'turn-picture' },
      h('a', {
        href: `#/picture/${picture.id}`, class: 'turn-frame', aria: { label: t('chat.open') },
      }, h('img', {
        src: picture.url, width: picture.width, height: picture.height, alt: picture.prompt,
        decoding: 'async',
      })),
      h('figcaption', { class: 'picture-tools' },
        h('button', { type: 'button', class: 'quiet', on: { click: () => onUse(picture) } },
          icon('edit', 18), t('chat.use')),
        tool('brush', 'chat.mask', () => onMask(picture)),
        tool('retry', 'chat.again', () => onAgain(this.turn)),
        tool('expand', 'chat.larger', async () => {
          (await import('./upscale.js')).openUpscale(picture);
        }),
        tool('layers', 'chat.extend', async () => {
          (await import('./extend.js')).openExtend(picture);
        }),
        tool('heart', 'chat.favourite', () => favourite(picture), { pressed: String(loved) }),
        from && h('a', {
          class: 'button icon-button', href: `#/compare/${from},${picture.id}`,
          title: t('chat.compare'), aria: { label: t('chat.compare') },
        }, icon('compare'))));
    figure.style.setProperty('--shape', String(picture.width / picture.height));
    return figure;
  }
}

define('glm-answer', Answer);

/** An answer as a part of the list. */
export function answerTurn(turn, actions) {
  const answer = h('glm-answer', {});
  Object.assign(answer, { turn, actions });
  return h('li', { class: 'turn answer', data: { turn: turn.id } },
    h('h2', { class: 'spoken', text: t('chat.model') }), answer);
}
