/** One conversation: what was said, which branch is shown, and saying the next thing. */
import { api } from '../core/api.js';
import { preferences } from '../core/preferences.js';
import { store } from '../core/store.js';
import { Tree } from './tree.js';

const TITLE_CHARACTERS = 60;
const PREVIEWS = 8;
/** Words that ask the service for a picture that owes nothing to the earlier ones. */
const ANEW = '/new ';
const TIP = 'glm.chat.tip.';

/**
 * @typedef {object} Wish  What is said next.
 * @property {string} text
 * @property {string[]} images  Ids of the pictures to change; none draws anew.
 * @property {string|null} mask  Data URL.
 * @property {string|null} parent  The turn it answers; 'root' begins a branch of its own.
 * @property {object} options  Fields of the request: n, size, quality, strength.
 */

/** Fires `change` whenever there is something else to be shown. */
export class Talk extends EventTarget {
  id = null;
  title = '';
  tree = new Tree([]);
  tip = null;
  /** @type {Error|null} */
  problem = null;
  isLoading = false;
  #load = 0;

  /** The turns that are shown, from the first one on. */
  get path() {
    return this.tree.path(this.tip);
  }

  /** The picture that is changed unless another one is named: the first of the latest answer. */
  get picture() {
    for (const turn of this.path.toReversed()) {
      const [found] = picturesOf(turn);
      if (found) return found;
    }
    return null;
  }

  /** Goes to a conversation; null is one that has not begun. */
  async open(id) {
    this.#load += 1;
    const load = this.#load;
    Object.assign(this, { id, title: '', tree: new Tree([]), tip: null, problem: null });
    this.isLoading = id !== null;
    this.#changed();
    if (id) await this.reload(load);
  }

  /** Fetches what was said, such as in another tab; the branch that is shown stays. */
  async reload(load = this.#load) {
    const { id } = this;
    try {
      const found = await api.get(`/api/conversations/${encodeURIComponent(id)}`);
      if (load !== this.#load) return;
      for (const turn of found.turns) store.keep(turn.pictures);
      this.title = found.title;
      this.tree = new Tree(found.turns);
      const wanted = this.tip ?? keptTip(id);
      this.tip = this.tree.byId.has(wanted) ? this.tree.tip(wanted) : this.tree.latest;
      this.problem = null;
    } catch (error) {
      if (load !== this.#load) return;
      this.problem = error;
    }
    this.isLoading = false;
    this.#changed();
  }

  /** Shows the branch that a turn belongs to, to its end. */
  choose(turnId) {
    this.tip = this.tree.tip(turnId);
    keepTip(this.id, this.tip);
    this.#changed();
  }

  /**
   * Says something; the answer is drawn. A conversation that has not begun begins with it.
   *
   * @param {Wish} wish
   * @returns {Promise<{id: string, job: object}>} The conversation and the job.
   */
  async say(wish) {
    const load = this.#load;
    const before = this.id;
    let id = before;
    if (!id) {
      const title = wish.text.replace(/\s+/g, ' ').trim();
      const signs = [...title];
      const short = signs.length > TITLE_CHARACTERS
        ? `${signs.slice(0, TITLE_CHARACTERS).join('').trim()}…` : title;
      const made = await api.post('/api/conversations', { title: short });
      id = made.id;
      if (load === this.#load) Object.assign(this, { id, title: made.title });
    }
    const body = { ...wish.options, watermark_enabled: preferences.label };
    if (preferences.showPreviews) body.previews = PREVIEWS;
    if (wish.parent) body.parent_id = wish.parent;
    if (wish.mask) body.mask = wish.mask;
    if (wish.images.length) body.images = wish.images;
    // Without the sign the service would change the latest picture of the branch.
    const anew = wish.images.length === 0 && !/^\s*\/new\b/i.test(wish.text);
    body.text = anew ? ANEW + wish.text : wish.text;
    const said = await this.#handIn(id, body, before === null);
    store.keepJob(said.job);
    keepTip(id, said.answer.id);
    if (load === this.#load) {
      this.tree = new Tree([...this.tree.turns, said.turn, said.answer]);
      this.tip = said.answer.id;
      this.#changed();
    }
    return { id, job: said.job };
  }

  /** Says it; a conversation that would hold nothing else goes if it is refused. */
  async #handIn(id, body, isFirst) {
    const path = `/api/conversations/${encodeURIComponent(id)}`;
    try {
      return await api.post(`${path}/turns`, body);
    } catch (error) {
      if (error.name === 'OfflineError') store.suspect();
      if (isFirst && error.name === 'ApiError') {
        await api.delete(path).catch(() => {
          // An empty conversation in the list does no harm; the first error is the one to show.
        });
        if (this.id === id) this.id = null;
      }
      throw error;
    }
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}

/** What a person reads of what was said: without the sign for a new picture. */
export function wordsOf(turn) {
  return turn.text.startsWith(ANEW) ? turn.text.slice(ANEW.length) : turn.text;
}

/** Pictures of an answer, the ones that have just been drawn included. */
export function picturesOf(turn) {
  if (turn.role !== 'assistant') return [];
  const job = store.jobs.get(turn.job_id);
  return job?.pictures.length ? job.pictures : turn.pictures;
}

function keptTip(id) {
  try {
    return sessionStorage.getItem(TIP + id);
  } catch {
    return null;
  }
}

function keepTip(id, turnId) {
  try {
    if (id && turnId) sessionStorage.setItem(TIP + id, turnId);
  } catch {
    // Without storage the latest branch is shown after a reload.
  }
}
