/**
 * Which of two pictures is better: votes, how to take them back, and the list of them.
 */

import { toast, toastError } from '../core/announce.js';
import { api } from '../core/api.js';
import { h, icon, replace } from '../core/dom.js';
import { t } from '../core/words.js';
import { save } from './save.js';

export class Ballot extends EventTarget {
  #pair = null;
  /** @type {object|null} */
  #vote = null;
  #isBusy = false;
  #hasMore = false;

  constructor() {
    super();
    this.node = h('section', { class: 'ballot', aria: { label: t('gallery.vote') } });
  }

  /** Whether this pair was voted on. */
  get hasVoted() {
    return this.#vote !== null;
  }

  /**
   * Asks about a pair.
   *
   * @param {{left: object, right: object}} pair
   * @param {object|null} vote  What was said about it before.
   * @param {boolean} hasMore  Whether there is another pair to vote on.
   */
  show(pair, vote, hasMore) {
    this.#pair = pair;
    this.#vote = vote;
    this.#hasMore = hasMore;
    this.#draw();
  }

  /** @param {'left'|'right'|null} side  The better one; null where they are equal. */
  async cast(side) {
    if (this.#isBusy || !this.#pair) return;
    this.#isBusy = true;
    const { left, right } = this.#pair;
    const winner = side === null ? null : this.#pair[side].id;
    try {
      this.#vote = await api.post('/api/votes', { left: left.id, right: right.id, winner });
      this.dispatchEvent(new CustomEvent('vote', { detail: this.#vote }));
    } catch (error) {
      toastError(error);
    }
    this.#isBusy = false;
    this.#draw();
  }

  async #withdraw() {
    try {
      await api.delete(`/api/votes/${encodeURIComponent(this.#vote.id)}`);
      this.dispatchEvent(new CustomEvent('withdraw', { detail: this.#vote }));
      this.#vote = null;
    } catch (error) {
      toastError(error);
    }
    this.#draw();
  }

  #draw() {
    const focused = this.node.contains(document.activeElement)
      ? document.activeElement.dataset.name : null;
    const chosen = this.#vote === null ? undefined : this.#side(this.#vote.winner);
    const button = (side, name, sign) => h('button', {
      type: 'button', data: { name }, aria: { pressed: String(chosen === side) },
      on: { click: () => this.cast(side) },
    }, sign ? icon(sign, 18) : null, t(`gallery.vote_${name}`));
    replace(this.node,
      h('h2', { text: t('gallery.vote_question') }),
      h('div', { class: 'row wrap ballot-choices' },
        button('left', 'left', 'left'),
        button(null, 'equal', null),
        button('right', 'right', 'right')),
      h('div', { class: 'row wrap' },
        chosen === undefined ? null : h('button', {
          type: 'button', class: 'quiet', data: { name: 'withdraw' },
          on: { click: () => this.#withdraw() },
        }, icon('undo', 18), t('gallery.vote_withdraw')),
        this.#hasMore ? h('button', {
          type: 'button', class: chosen === undefined ? 'quiet' : 'primary', data: { name: 'next' },
          on: { click: () => this.dispatchEvent(new Event('next')) },
        }, t('gallery.vote_next')) : null,
        h('button', {
          type: 'button', class: 'quiet', data: { name: 'export' },
          on: { click: () => exportVotes() },
        }, icon('download', 18), t('gallery.vote_export'))));
    if (focused) this.node.querySelector(`[data-name="${focused}"]`)?.focus();
  }

  #side(winner) {
    if (winner === null) return null;
    return winner === this.#pair.left.id ? 'left' : 'right';
  }
}

/** All votes, to be looked up by pair. @returns {Promise<Map<string, object>>} */
export async function fetchVotes() {
  const { data } = await api.get('/api/votes', { query: { limit: 200 } });
  const found = new Map();
  for (const vote of data.reverse()) found.set(pairKey(vote.left, vote.right), vote);
  return found;
}

/** A pair, whichever stands on the left. */
export function pairKey(one, other) {
  return [one, other].sort().join(' ');
}

/**
 * The first pair of pictures with the same words that nobody has voted on.
 *
 * @param {object[]} pictures
 * @param {Map<string, object>} votes
 * @returns {[string, string]|null}  Their ids.
 */
export function openPair(pictures, votes) {
  for (const [index, one] of pictures.entries()) {
    const other = pictures.slice(index + 1).find((later) => later.prompt === one.prompt
      && !votes.has(pairKey(one.id, later.id)));
    if (other && one.prompt) return [one.id, other.id];
  }
  return null;
}

async function exportVotes() {
  try {
    const file = await api.blob('/api/votes/export');
    if (file.size === 0) toast(t('gallery.vote_none'));
    else save(file, 'votes.jsonl');
  } catch (error) {
    toastError(error);
  }
}
