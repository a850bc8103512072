/**
 * The pictures of a feed in justified rows, of which only those near the window are in the page.
 */

import { Element, define, replace } from '../core/dom.js';
import { justify, neighbour, rowOf, totalHeight, visibleRows } from './layout.js';
import { Tile } from './tile.js';

/** Rows this many pixels beyond the window are kept ready. */
const AHEAD = 800;
const GAP = 8;

export class PictureGrid extends Element {
  #feed = null;
  #actions = null;
  #rows = [];
  #tiles = new Map();
  #chosen = new Set();
  #isChoosing = false;
  #current = 0;
  #frame = 0;
  #width = 0;

  connected() {
    this.setAttribute('role', 'list');
    const watching = new ResizeObserver(() => this.#arrange());
    watching.observe(this);
    this.own(() => watching.disconnect(), () => cancelAnimationFrame(this.#frame));
    // Whatever scrolls, it is heard here on its way down.
    this.listen(document, 'scroll', () => this.#soon(), { capture: true, passive: true });
    this.listen(window, 'resize', () => this.#soon());
    this.listen(this, 'keydown', (event) => this.#onKey(event));
    this.listen(this, 'focusin', (event) => this.#onFocus(event));
    this.listen(this, 'click', (event) => this.#onClick(event));
  }

  /**
   * Shows a feed from its start.
   *
   * @param {import('./feed.js').Feed} feed
   * @param {import('./tile.js').TileActions} actions
   */
  show(feed, actions) {
    this.#feed = feed;
    this.#actions = actions;
    this.#current = 0;
    this.#tiles.clear();
    this.#rows = [];
    replace(this);
    this.update();
  }

  /** Shows what the feed holds now. */
  update() {
    this.#arrange(true);
  }

  /**
   * Marks the chosen pictures.
   *
   * @param {Set<string>} ids
   * @param {boolean} isChoosing  Whether a click chooses a picture instead of opening it.
   */
  choose(ids, isChoosing) {
    this.#chosen = ids;
    this.#isChoosing = isChoosing;
    this.classList.toggle('choosing', isChoosing);
    for (const [id, tile] of this.#tiles) tile.choose(ids.has(id));
  }

  /** The picture that the keys are about. */
  get current() {
    return this.#feed?.items[this.#current] ?? null;
  }

  /** Moves the focus to a picture. */
  focusOn(index) {
    const count = this.#feed?.items.length ?? 0;
    if (count === 0) return;
    this.#current = Math.min(Math.max(index, 0), count - 1);
    this.#reveal(this.#current);
    this.#draw();
    this.#tiles.get(this.current.id)?.focus();
  }

  /** Moves the focus to where it was, such as after the picture that had it has gone. */
  refocus() {
    this.focusOn(this.#current);
  }

  #arrange(isNew = false) {
    if (!this.#feed) return;
    const width = this.clientWidth;
    if (width === 0 || (!isNew && width === this.#width)) return;
    this.#width = width;
    const target = width < 500 ? 132 : width < 900 ? 180 : 216;
    this.#rows = justify(this.#feed.items, { width, target, gap: GAP });
    this.style.height = `${totalHeight(this.#rows)}px`;
    this.#current = Math.min(this.#current, Math.max(0, this.#feed.items.length - 1));
    this.#draw();
  }

  #soon() {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw() {
    if (!this.#feed) return;
    const { top } = this.getBoundingClientRect();
    const [from, to] = visibleRows(this.#rows, -top - AHEAD, window.innerHeight - top + AHEAD);
    const wanted = new Map();
    for (const row of this.#rows.slice(from, to)) this.#want(row, wanted);
    const focused = rowOf(this.#rows, this.#current);
    // The tile that has the focus stays, or the focus would be lost by scrolling.
    if (this.#rows[focused]) this.#want(this.#rows[focused], wanted);
    this.#keep(wanted);
    const isNear = to >= this.#rows.length;
    if (isNear && !this.#feed.isDone && !this.#feed.error) {
      this.dispatchEvent(new Event('near-end'));
    }
  }

  #want(row, wanted) {
    const { top, height } = row;
    for (const cell of row.cells) wanted.set(cell.index, { ...cell, top, height });
  }

  #keep(wanted) {
    const { items, conditions, isDone } = this.#feed;
    const ids = new Set([...wanted.keys()].map((index) => items[index].id));
    for (const [id, tile] of this.#tiles) {
      if (ids.has(id)) continue;
      tile.node.remove();
      this.#tiles.delete(id);
    }
    let before = null;
    for (const [index, cell] of [...wanted].sort(([one], [other]) => one - other)) {
      const picture = items[index];
      const tile = this.#tiles.get(picture.id) ?? new Tile(picture, this.#actions, conditions.bin);
      this.#tiles.set(picture.id, tile);
      if (tile.picture !== picture) tile.update(picture);
      tile.place({ ...cell, position: index + 1, count: isDone ? items.length : -1 });
      tile.choose(this.#chosen.has(picture.id));
      tile.reach(index === this.#current);
      const next = before ? before.nextSibling : this.firstChild;
      if (next !== tile.node) this.insertBefore(tile.node, next);
      before = tile.node;
    }
  }

  #reveal(index) {
    const row = this.#rows[rowOf(this.#rows, index)];
    if (!row) return;
    const { top } = this.getBoundingClientRect();
    const scroller = scrollerOf(this);
    const room = 96;
    const above = top + row.top - room;
    const below = top + row.top + row.height + room - window.innerHeight;
    if (above < 0) scroller.scrollBy({ top: above });
    else if (below > 0) scroller.scrollBy({ top: below });
  }

  #onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const isOnTile = event.target.classList.contains('shot-link');
    const last = (this.#feed?.items.length ?? 0) - 1;
    const steps = {
      ArrowLeft: () => this.#current - 1,
      ArrowRight: () => this.#current + 1,
      ArrowUp: () => neighbour(this.#rows, this.#current, -1),
      ArrowDown: () => neighbour(this.#rows, this.#current, 1),
      Home: () => 0,
      End: () => last,
    };
    if (steps[event.key]) this.focusOn(steps[event.key]());
    else if (event.key === ' ' && isOnTile && this.current) this.#toggle(this.current, event);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #onFocus(event) {
    const id = event.target.closest('.shot')?.dataset.id;
    const index = this.#feed?.items.findIndex((one) => one.id === id) ?? -1;
    if (index < 0 || index === this.#current) return;
    this.#tiles.get(this.current?.id)?.reach(false);
    this.#current = index;
    this.#tiles.get(id)?.reach(true);
  }

  #onClick(event) {
    const link = event.target.closest('.shot-link');
    const id = link?.closest('.shot').dataset.id;
    if (!id || (!this.#isChoosing && !event.shiftKey)) return;
    if (event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.#toggle(this.#tiles.get(id).picture, event);
  }

  #toggle(picture, event) {
    if (this.#feed.conditions.bin) return;
    this.#actions.choose(picture, !this.#chosen.has(picture.id), event);
  }
}

function scrollerOf(node) {
  for (let one = node.parentElement; one; one = one.parentElement) {
    const { overflowY } = getComputedStyle(one);
    if (/auto|scroll/.test(overflowY) && one.scrollHeight > one.clientHeight) return one;
  }
  return document.scrollingElement;
}

define('glm-picture-grid', PictureGrid);
