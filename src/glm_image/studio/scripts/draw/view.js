/** The view in which pictures are drawn. */
import { h } from '../core/dom.js';
import { t } from '../core/words.js';

export default function view() {
  return h('div', { class: 'draw' }, h('h1', { text: t('nav.draw') }));
}
