/** Small parts of the panels. */
import { h, newId, replace } from '../core/dom.js';

/**
 * A part of the page with a heading.
 *
 * @param {string} title
 * @param {{action?: Node|null, class?: string}} [options]
 * @returns {{node: HTMLElement, body: HTMLElement}}
 */
export function panel(title, { action = null, class: kind = '' } = {}) {
  const id = newId('panel');
  const body = h('div', { class: 'panel-body' });
  const node = h('section', { class: `card panel ${kind}`, aria: { labelledby: id } },
    h('header', { class: 'panel-head' }, h('h2', { id, text: title }), action),
    body);
  return { node, body };
}

/** Numbers with what they count. @param {Array<[string, string]>} pairs label and value */
export function figures(pairs) {
  return h('dl', { class: 'figures' }, pairs.map(([label, value]) => h('div', {},
    h('dt', { text: label }), h('dd', { text: value }))));
}

/**
 * A table that scrolls sideways where it has to, and can then be moved with the keys.
 *
 * @param {string} caption Spoken, not shown.
 * @param {string[]} heads
 * @param {Array<Array<Node|string>>} rows The first cell of a row names it.
 */
export function table(caption, heads, rows) {
  return h('div', { class: 'table', role: 'region', tabindex: '0', aria: { label: caption } },
    h('table', {},
      h('caption', { class: 'spoken', text: caption }),
      h('thead', {}, h('tr', {}, heads.map((text) => h('th', { scope: 'col' }, text)))),
      h('tbody', {}, rows.map(([first, ...others]) => h('tr', {},
        h('th', { scope: 'row' }, first), others.map((cell) => h('td', {}, cell)))))));
}

/** Puts new content into a node unless that would take the focus away from somebody. */
export function renew(node, ...children) {
  const active = document.activeElement;
  const held = node.contains(active) ? active.dataset.keep : null;
  replace(node, ...children);
  if (held) node.querySelector(`[data-keep="${CSS.escape(held)}"]`)?.focus();
}
