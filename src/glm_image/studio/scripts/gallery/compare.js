/**
 * Two pictures against each other: looked at, and voted on.
 */

import { toastError } from '../core/announce.js';
import { addStyles, Element, define, h, icon, newId, replace } from '../core/dom.js';
import { shortcuts } from '../core/keyboard.js';
import { go } from '../core/router.js';
import { store } from '../core/store.js';
import { t } from '../core/words.js';
import { Ballot, fetchVotes, openPair, pairKey } from './ballot.js';
import { contrast } from './contrast.js';
import { lineage } from './family.js';
import { missing } from './missing.js';
import { differing, sideBySide, slider } from './overlays.js';
import { shownFeed } from './shown.js';
import { short } from './tile.js';

const MODES = ['slider', 'beside', 'difference'];

class CompareView extends Element {
  #ids;
  #pair = null;
  #drawings = [null, null];
  #mode = 'slider';
  #isBlind = false;
  #votes = new Map();
  #bar;
  #body;
  #ballot;

  /** @param {import('../core/router.js').Place} place */
  constructor(place) {
    super();
    this.#ids = place.ids;
  }

  async connected() {
    this.classList.add('compare');
    await Promise.all([addStyles('picture'), addStyles('compare')]);
    if (!this.isConnected) return;
    this.#bar = h('header', { class: 'compare-bar' });
    this.#body = h('div', { class: 'compare-body' });
    this.#ballot = new Ballot();
    this.#ballot.addEventListener('vote', ({ detail }) => this.#onVote(detail, detail));
    this.#ballot.addEventListener('withdraw', ({ detail }) => this.#onVote(detail, null));
    this.#ballot.addEventListener('next', () => this.#next());
    replace(this, this.#bar, this.#body);
    this.own(this.#keys());
    this.#open();
  }

  /** Shows another pair. */
  show(place) {
    this.#ids = place.ids;
    if (this.#body) this.#open();
  }

  async #open() {
    const ids = this.#ids;
    replace(this.#body, h('p', { class: 'hint', role: 'status', text: t('gallery.loading') }));
    try {
      const pictures = await Promise.all(ids.slice(0, 2).map(
        (id) => store.pictures.get(id) ?? store.fetchPicture(id),
      ));
      if (ids !== this.#ids || !this.isConnected) return;
      this.#pair = pictures;
      if (pictures.length < 2) await this.#choose();
      else await this.#show();
    } catch (error) {
      if (ids === this.#ids) this.#fail(error);
    }
  }

  #fail(error) {
    this.#pair = null;
    this.#showBar();
    replace(this.#body, missing(error));
  }

  /** One picture is given: the other one is chosen among its family and the latest. */
  async #choose() {
    const [picture] = this.#pair;
    this.#showBar();
    const feed = shownFeed();
    if (feed.items.length < 2) await feed.more();
    const kin = picture ? await lineage(picture) : [];
    const offered = new Map([...kin, ...feed.items].map((one) => [one.id, one]));
    if (picture) offered.delete(picture.id);
    if (!this.isConnected) return;
    replace(this.#body,
      h('h1', { text: t(picture ? 'gallery.compare_choose' : 'gallery.compare_first') }),
      offered.size === 0 ? h('p', { class: 'muted', text: t('gallery.compare_alone') }) : h('ul', {
        class: 'offered',
      }, [...offered.values()].slice(0, 60).map((one) => h('li', {}, h('a', {
        href: `#/compare/${[picture?.id, one.id].filter(Boolean).join(',')}`,
      }, h('img', {
        src: one.thumbnail_url, alt: short(one.prompt || t('gallery.no_prompt')), loading: 'lazy',
        width: one.width, height: one.height,
      }))))));
  }

  async #show() {
    const pair = this.#pair;
    this.#showBar();
    this.#draw();
    const feed = shownFeed();
    const [votes, , ...jobs] = await Promise.allSettled([
      fetchVotes(),
      feed.items.length === 0 ? feed.more() : null,
      ...pair.map(({ job_id: id }) => store.jobs.get(id) ?? store.fetchJob(id)),
    ]);
    if (pair !== this.#pair || !this.isConnected) return;
    if (votes.status === 'fulfilled') this.#votes = votes.value;
    else toastError(votes.reason);
    this.#drawings = jobs.map((job) => job.value?.drawing ?? null);
    this.#showBallot();
    this.#showContrast();
  }

  #sides() {
    return this.#pair.map((picture, index) => ({
      picture,
      drawing: this.#drawings[index],
      name: t(index === 0 ? 'gallery.compare_left' : 'gallery.compare_right'),
    }));
  }

  #draw() {
    const [left, right] = this.#sides();
    const made = this.#mode === 'slider' ? { node: slider(left, right), start: () => {} }
      : this.#mode === 'beside' ? sideBySide(left, right) : differing(left, right);
    replace(this.#body,
      h('h1', { class: 'spoken', text: t('nav.compare') }),
      h('div', { class: 'compare-stage' }, made.node),
      this.#ballot.node, h('div', { class: 'compare-contrast' }));
    made.start();
    this.#showBallot();
    this.#showContrast();
  }

  #showBallot() {
    const [left, right] = this.#pair;
    const vote = this.#votes.get(pairKey(left.id, right.id)) ?? null;
    this.#ballot.show({ left, right }, vote, openPair(shownFeed().items, this.#votes) !== null);
  }

  /** While one votes blindly, what the pictures are is told only afterwards. */
  #showContrast() {
    const place = this.#body.querySelector('.compare-contrast');
    if (!place) return;
    if (this.#isBlind && !this.#ballot.hasVoted) {
      replace(place, h('p', { class: 'hint', text: t('gallery.blind_hint') }));
    } else {
      replace(place, contrast(...this.#sides()), this.#links());
    }
  }

  #links() {
    return h('div', { class: 'row wrap' }, this.#sides().map(({ picture, name }) => h('a', {
      class: 'button', href: `#/picture/${picture.id}`,
    }, icon('image', 18), t('gallery.compare_open', { name }))));
  }

  #showBar() {
    const group = newId('mode');
    const isPair = this.#pair?.length === 2;
    replace(this.#bar,
      h('a', {
        class: 'button quiet detail-back',
        href: this.#pair?.[0] ? `#/picture/${this.#pair[0].id}` : '#/gallery',
      }, icon('back', 18), h('span', { text: t(this.#pair?.[0] ? 'nav.picture' : 'nav.gallery') })),
      isPair ? h('div', {
        class: 'segments', role: 'radiogroup', aria: { label: t('gallery.compare_mode') },
      },
        MODES.map((mode) => h('label', {}, h('input', {
          type: 'radio', name: group, value: mode, checked: mode === this.#mode,
          on: { change: () => { this.#mode = mode; this.#draw(); } },
        }), t(`gallery.mode_${mode}`)))) : null,
      isPair ? h('button', {
        type: 'button', class: 'quiet', title: t('gallery.swap'), on: { click: () => this.#swap() },
      }, icon('reuse', 18), t('gallery.swap')) : null,
      isPair ? h('button', {
        type: 'button', class: 'quiet', title: t('gallery.blind_hint'),
        aria: { pressed: String(this.#isBlind) },
        on: { click: () => this.#blind() },
      }, icon('eye', 18), t('gallery.blind')) : null);
  }

  #swap() {
    go(`#/compare/${this.#ids.slice(0, 2).reverse().join(',')}`, { instead: true });
  }

  /** Which one stands on the left is left to chance, so that the place says nothing. */
  #blind() {
    this.#isBlind = !this.#isBlind;
    this.#showBar();
    this.#bar.querySelector('[aria-pressed]')?.focus();
    if (this.#isBlind && Math.random() < 0.5) this.#swap();
    else this.#showContrast();
  }

  #onVote(vote, kept) {
    const key = pairKey(vote.left, vote.right);
    if (kept) this.#votes.set(key, kept);
    else this.#votes.delete(key);
    this.#showBallot();
    this.#showContrast();
  }

  #next() {
    const found = openPair(shownFeed().items, this.#votes);
    if (!found) return;
    const pair = this.#isBlind && Math.random() < 0.5 ? found.reverse() : found;
    go(`#/compare/${pair.join(',')}`);
  }

  #keys() {
    const scope = 'compare';
    const vote = (id, keys, side) => ({
      id: `compare.${id}`, keys, scope, label: () => t(`gallery.vote_${id}`),
      run: () => this.#pair?.length === 2 && this.#ballot.cast(side),
    });
    return shortcuts.addAll([
      vote('left', 'a', 'left'), vote('right', 'b', 'right'), vote('equal', 'e', null),
      {
        id: 'compare.swap', keys: 's', scope, label: () => t('gallery.swap'),
        run: () => this.#pair?.length === 2 && this.#swap(),
      },
    ]);
  }
}

define('glm-compare', CompareView);

/** @param {import('../core/router.js').Place} place */
export default (place) => new CompareView(place);
