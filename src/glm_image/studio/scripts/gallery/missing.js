/**
 * What stands in the place of a picture that cannot be shown.
 */

import { errorText } from '../core/announce.js';
import { h, icon } from '../core/dom.js';
import { t } from '../core/words.js';

/** @param {Error} error  Why it cannot be shown. */
export function missing(error) {
  const isGone = error.status === 404;
  return h('div', { class: 'empty' }, icon('image', 32),
    h('h1', { text: t(isGone ? 'gallery.gone' : 'gallery.failed') }),
    h('p', { text: isGone ? t('gallery.gone_hint') : errorText(error) }),
    h('div', { class: 'row wrap' },
      isGone ? h('a', { class: 'button', href: '#/gallery?bin=1', text: t('gallery.bin') }) : null,
      h('a', { class: 'button primary', href: '#/gallery', text: t('gallery.to_gallery') })));
}
