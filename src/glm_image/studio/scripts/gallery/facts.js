/**
 * What is known of how a picture was made, as a list of names and values.
 */

import { h, icon } from '../core/dom.js';
import { quotes } from '../core/quotes.js';
import { bytes, moment, t } from '../core/words.js';
import { copy } from './save.js';

/** Words of a prompt with those marked that are drawn as text. */
export function promptParts(prompt) {
  const parts = [];
  let behind = 0;
  for (const { text, start, end } of quotes(prompt)) {
    parts.push(prompt.slice(behind, start), h('mark', { class: 'drawn-text', text }));
    behind = end;
  }
  parts.push(prompt.slice(behind));
  return parts;
}

/**
 * @param {object} picture  PictureAnswer.
 * @param {object|null} drawing  DrawingAnswer of its job, where it is still known.
 * @returns {HTMLElement}
 */
export function facts(picture, drawing) {
  const layout = picture.layout_seed ?? picture.seed;
  return h('dl', { class: 'fact-list' },
    fact('seed', seedButton('gallery.fact_seed', picture.seed)),
    picture.layout_seed === null ? null
      : fact('layout_seed', seedButton('gallery.fact_layout_seed', layout)),
    fact('size', `${picture.width} × ${picture.height}`),
    drawing ? drawingFacts(drawing) : null,
    fact('file', `${picture.mime.replace('image/', '').toUpperCase()}, ${bytes(picture.bytes)}`),
    fact('created', h('time', {
      datetime: new Date(picture.created * 1000).toISOString(), text: moment(picture.created),
    })),
    fact('id', h('button', {
      type: 'button', class: 'fact-copy mono', aria: { label: t('gallery.copy_id') },
      title: picture.id, on: { click: () => copy(picture.id) },
    }, h('span', { class: 'fact-id', text: picture.id }), icon('copy', 14))));
}

function drawingFacts(drawing) {
  const known = (name, value) => (value === null || value === undefined ? null : fact(name, value));
  return [
    fact('model', drawing.model),
    fact('steps', drawing.steps),
    fact('guidance', drawing.guidance),
    known('temperature', drawing.temperature),
    known('top_p', drawing.top_p),
    known('top_k', drawing.top_k),
    drawing.sources > 0 ? known('strength', drawing.strength) : null,
    drawing.sources > 0 ? fact('sources', drawing.sources) : null,
    drawing.masked ? fact('masked', t('gallery.yes')) : null,
    fact('label', t(drawing.visible_label ? 'gallery.label_seen' : 'gallery.label_hidden')),
  ];
}

function fact(name, value) {
  const shown = typeof value === 'number' ? value.toLocaleString() : value;
  return h('div', {}, h('dt', { text: t(`gallery.fact_${name}`) }), h('dd', {}, shown));
}

function seedButton(key, seed) {
  return h('button', {
    type: 'button', class: 'fact-copy',
    aria: { label: t('gallery.copy_value', { name: t(key), value: String(seed) }) },
    title: t('gallery.copy'), on: { click: () => copy(String(seed)) },
  }, String(seed), icon('copy', 14));
}
