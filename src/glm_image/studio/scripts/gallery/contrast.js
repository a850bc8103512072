/**
 * The settings in which two pictures differ, and those that they share.
 */

import { h } from '../core/dom.js';
import { t } from '../core/words.js';
import { promptParts } from './facts.js';

const OF_DRAWING = [
  'model', 'steps', 'guidance', 'temperature', 'top_p', 'top_k', 'strength', 'sources',
];

/**
 * @param {{picture: object, drawing: object|null, name: string}} left
 * @param {{picture: object, drawing: object|null, name: string}} right
 */
export function contrast(left, right) {
  const rows = names(left, right).map((name) => ({
    name, values: [left, right].map((side) => value(side, name)),
  }));
  const same = rows.filter(({ values: [one, other] }) => one === other && one !== '');
  const apart = rows.filter(({ values: [one, other] }) => one !== other);
  const shown = (name, text) => (name === 'prompt' ? promptParts(text) : text || '–');
  return h('section', { class: 'contrast' },
    h('h2', { text: t('gallery.contrast') }),
    apart.length === 0 ? h('p', {
      class: 'muted', text: t('gallery.contrast_none'),
    }) : h('table', {},
      h('thead', {}, h('tr', {}, h('td', {}),
        [left, right].map(({ name }) => h('th', { scope: 'col', text: name })))),
      h('tbody', {}, apart.map(({ name, values }) => h('tr', {},
        h('th', { scope: 'row', text: t(`gallery.fact_${name}`) }),
        values.map((text) => h('td', {}, shown(name, text))))))),
    same.length > 0 ? h('p', { class: 'hint' }, t('gallery.contrast_same'), ' ',
      same.map(({ name, values: [text] }) => (name === 'prompt' ? t('gallery.fact_prompt')
        : `${t(`gallery.fact_${name}`)} ${text}`)).join(' · ')) : null);
}

function names({ drawing }, { drawing: other }) {
  return ['prompt', 'seed', 'layout_seed', 'size', ...(drawing && other ? OF_DRAWING : [])];
}

function value({ picture, drawing }, name) {
  if (name === 'size') return `${picture.width} × ${picture.height}`;
  if (name === 'layout_seed') return String(picture.layout_seed ?? picture.seed);
  if (name in picture) return String(picture[name] ?? '');
  return String(drawing[name] ?? '');
}
