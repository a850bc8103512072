/** The area of a picture that may change, as a line of the form. */
import { h, icon, replace } from '../core/dom.js';
import { t } from '../core/words.js';

export class Area {
  /** What openMask gave, with `of`, the id of its picture. @type {object|null} */
  mask = null;
  node = h('div', { class: 'ask-area', hidden: true });
  #paint;
  #changed;

  /** @param {{paint: () => void, changed: () => void}} on */
  constructor({ paint, changed }) {
    this.#paint = paint;
    this.#changed = changed;
  }

  /** Takes an area, or lets it go. */
  set(mask) {
    this.mask = mask;
    this.node.hidden = !mask;
    if (mask) {
      const link = (key, run) => h('button', { type: 'button', class: 'link', text: t(key), on: { click: run } });
      replace(this.node, icon('brush', 18),
        h('span', { text: t('ask.area', { n: Math.max(1, Math.round(mask.share * 100)) }) }),
        link('ask.areaChange', () => this.#paint()), link('ask.areaDrop', () => this.set(null)));
    }
    this.#changed();
  }
}
