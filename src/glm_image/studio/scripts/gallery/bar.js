/**
 * The line above a picture: back to the gallery, to the pictures beside it, and what is done most.
 */

import { h, icon, replace } from '../core/dom.js';
import { t } from '../core/words.js';

/**
 * @typedef {{name: string, label: string, sign: string, run: () => void, isPossible?: boolean}}
 *   BarAction  `label` is a key of words.js.
 */

export class PictureBar {
  /** @param {() => string} back  The address of the gallery. */
  constructor(back) {
    this.node = h('header', { class: 'detail-bar' });
    this.back = back;
  }

  /**
   * Shows these actions; the focus stays on the one of the same name.
   *
   * @param {BarAction[]} steps  To the pictures beside it.
   * @param {BarAction[]} actions
   */
  show(steps, actions) {
    const focused = this.node.contains(document.activeElement)
      ? document.activeElement.dataset.name : null;
    replace(this.node,
      h('a', { class: 'button quiet detail-back', href: this.back() },
        icon('back', 18), h('span', { text: t('nav.gallery') })),
      h('div', { class: 'row detail-steps' }, steps.map(button)),
      h('div', { class: 'row detail-tools' }, actions.map(button)));
    if (focused) this.node.querySelector(`[data-name="${focused}"]`)?.focus();
  }

  /** Shows whether an action is in force. */
  press(name, isPressed) {
    const found = this.node.querySelector(`[data-name="${name}"]`);
    found?.setAttribute('aria-pressed', String(isPressed));
    found?.classList.toggle('on', isPressed);
  }
}

function button({ name, label, sign, run, isPossible = true }) {
  return h('button', {
    type: 'button', class: 'icon-button', data: { name }, disabled: !isPossible,
    aria: { label: t(label) }, title: t(label), on: { click: run },
  }, icon(sign));
}
