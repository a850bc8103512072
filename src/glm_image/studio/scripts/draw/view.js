/** The view in which pictures are drawn: the composer, and the wall of what came of it. */
import { define, Element, h, icon, replace } from '../core/dom.js';
import { favourite, remove, reuse } from '../core/actions.js';
import { shortcuts } from '../core/keyboard.js';
import { t } from '../core/words.js';
import './composer.js';
import './wall.js';

class DrawView extends Element {
  #composer = h('glm-composer', {
    class: 'composer', role: 'form', aria: { label: t('compose.label') },
  });

  #wall = h('glm-wall', { class: 'wall', role: 'region', aria: { label: t('wall.label') } });
  #line = h('div', { class: 'compose-line', hidden: true });

  connected() {
    this.className = 'draw';
    replace(this, h('h1', { class: 'spoken', text: t('nav.draw') }), this.#line,
      h('div', { class: 'draw-column' }, this.#composer), this.#wall);
    this.#foldOnScroll();
    this.own(shortcuts.addAll(this.#keys()));
    this.listen(this, 'keydown', (event) => this.#move(event));
    this.listen(this.#composer, 'sent', () => this.#showLatest());
  }

  /** Those who have asked for a picture see it begin, wherever they had scrolled. */
  #showLatest() {
    if (this.#wall.getBoundingClientRect().top < 0) {
      this.scrollIntoView({ block: 'start' });
    } else {
      requestAnimationFrame(() => {
        this.#wall.querySelector('article')?.scrollIntoView({ block: 'nearest' });
      });
    }
  }

  /** Called when the address changes without the view: nothing here depends on it. */
  show() {}

  /** On a phone a line stands for the composer once that is scrolled away. */
  #foldOnScroll() {
    const watcher = new IntersectionObserver(([entry]) => {
      const away = !entry.isIntersecting && entry.boundingClientRect.bottom < 80;
      this.#line.hidden = !away;
      if (away) {
        const open = () => this.#composer.focus();
        replace(this.#line,
          h('button', { type: 'button', class: 'quiet grow', on: { click: open } },
            icon('draw', 18),
            h('span', { text: this.#composer.words.trim() || t('compose.prompt') })),
          h('button', {
            type: 'button', class: 'primary', text: t('compose.draw'),
            on: { click: () => this.#composer.send() },
          }));
      }
    });
    watcher.observe(this.#composer);
    this.own(() => watcher.disconnect());
  }

  #keys() {
    const on = (run) => () => {
      const tile = document.activeElement?.closest?.('.tile')?.tile;
      if (tile) run(tile);
    };
    const key = (id, keys, run) => ({
      id: `draw.${id}`, keys, scope: 'draw', label: () => t(`keys.${id}`), run: on(run),
    });
    return [
      key('favourite', 'f', (tile) => favourite(tile.picture)),
      key('download', 'd', (tile) => tile.download()),
      key('reuse', 'r', (tile) => reuse(tile.picture)),
      key('details', 'v', (tile) => tile.vary('layout')),
      key('delete', 'Delete', (tile) => this.#remove(tile)),
      {
        id: 'draw.leave', keys: 'Escape', scope: 'draw', inFields: true,
        label: () => t('keys.leave'), run: () => document.activeElement?.blur(),
      },
    ];
  }

  /** The focus goes on to the next picture, or back to the words. */
  #remove(tile) {
    const all = [...this.#wall.querySelectorAll('.tile')];
    const at = all.indexOf(tile.node);
    const next = all[at + 1] ?? all[at - 1];
    remove(tile.picture);
    if (next) next.tile.focus();
    else this.#composer.focus();
  }

  /** Arrows go from picture to picture. */
  #move(event) {
    const tile = event.target.closest?.('.tile');
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!tile || !step || event.ctrlKey || event.metaKey || event.altKey) return;
    const all = [...this.#wall.querySelectorAll('.tile')];
    const next = event.key === 'ArrowUp' || event.key === 'ArrowDown'
      ? below(all, tile, step) : all[all.indexOf(tile) + step];
    if (!next) return;
    event.preventDefault();
    next.tile.focus();
  }
}

/** The tile above or below another one, nearest to it. */
function below(all, tile, step) {
  const at = tile.getBoundingClientRect();
  const middle = at.left + at.width / 2;
  const found = all.map((one) => ({ one, box: one.getBoundingClientRect() }))
    .filter(({ box }) => (step > 0 ? box.top >= at.bottom - 1 : box.bottom <= at.top + 1))
    .map(({ one, box }) => ({
      one,
      far: Math.abs(box.top - at.top) * 3 + Math.abs(box.left + box.width / 2 - middle),
    }))
    .sort((a, b) => a.far - b.far);
  return found[0]?.one;
}

define('glm-draw', DrawView);

export default () => h('glm-draw');
