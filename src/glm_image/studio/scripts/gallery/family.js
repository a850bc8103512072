/**
 * The family of a picture: what it was made from and what was made from it, as a graph of small
 * pictures that lead to each other.
 */

import { errorText } from '../core/announce.js';
import { api } from '../core/api.js';
import { h, icon, replace } from '../core/dom.js';
import { store } from '../core/store.js';
import { t } from '../core/words.js';
import { family } from './kinship.js';
import { short } from './tile.js';

const SVG = 'http://www.w3.org/2000/svg';
const SIDE = 64;
const GAP_X = 32;
const GAP_Y = 12;

/**
 * The lineage of a picture as the service knows it.
 *
 * @returns {Promise<object[]>}  PictureAnswers.
 */
export async function lineage(picture) {
  const { data } = await api.get(`/api/images/${encodeURIComponent(picture.id)}/lineage`);
  store.keep(data);
  return data;
}

export class FamilyPanel {
  #picture;

  /** @param {object} picture */
  constructor(picture) {
    this.#picture = picture;
    this.node = h('div', { class: 'family' },
      h('p', { class: 'hint', text: t('gallery.loading') }));
  }

  /** @param {object[]} relatives */
  show(relatives) {
    // Those of the same job stand beside the picture already.
    const kin = relatives.filter((one) => one.id === this.#picture.id || isBound(one, relatives));
    const drawn = family(kin);
    if (drawn.nodes.length < 2) {
      replace(this.node, h('p', { class: 'hint', text: t('gallery.family_none') }));
      return;
    }
    replace(this.node, h('div', {
      class: 'family-scroll', tabindex: '0', role: 'group', aria: { label: t('gallery.family') },
    }, this.#graph(drawn)));
    const scroller = this.node.querySelector('.family-scroll');
    const here = drawn.nodes.find(({ id }) => id === this.#picture.id);
    const [left, top] = corner(here);
    const { clientWidth, clientHeight } = scroller;
    scroller.scrollTo(left - (clientWidth - SIDE) / 2, top - (clientHeight - SIDE) / 2);
  }

  /** Says why nothing is shown. */
  fail(error) {
    replace(this.node, h('p', { class: 'problem', text: errorText(error) }));
  }

  #graph({ nodes, edges, columns, rows }) {
    const width = columns * (SIDE + GAP_X) - GAP_X;
    const height = rows * (SIDE + GAP_Y) - GAP_Y;
    const style = { width: `${width}px`, height: `${height}px` };
    return h('div', { class: 'family-graph', style },
      lines(edges, width, height),
      h('ul', {}, nodes.map((node) => this.#member(node, edges))));
  }

  #member(node, edges) {
    const [left, top] = corner(node);
    const style = { left: `${left}px`, top: `${top}px`, width: `${SIDE}px`, height: `${SIDE}px` };
    const { picture } = node;
    if (!picture) {
      return h('li', { class: 'family-member gone', style, title: t('gallery.family_gone') },
        h('span', { class: 'spoken', text: t('gallery.family_gone') }), icon('bin', 18));
    }
    const elders = edges.filter(([, child]) => child === node).length;
    const from = t('gallery.family_from', { count: elders });
    const words = `${short(picture.prompt || t('gallery.no_prompt'))}. ${from}`;
    return h('li', { class: 'family-member', style },
      h('a', {
        href: `#/picture/${picture.id}`, title: short(picture.prompt, 120),
        aria: { current: picture.id === this.#picture.id ? 'page' : null },
      }, h('img', { src: picture.thumbnail_url, alt: words, loading: 'lazy', decoding: 'async' })));
  }
}

/** Whether a picture is a parent or a child of another one. */
function isBound(picture, relatives) {
  return picture.parents.length > 0 || relatives.some((one) => one.parents.includes(picture.id));
}

function corner({ column, row }) {
  return [column * (SIDE + GAP_X), row * (SIDE + GAP_Y)];
}

function lines(edges, width, height) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
  svg.setAttribute('width', String(width));
  svg.setAttribute('height', String(height));
  svg.setAttribute('aria-hidden', 'true');
  for (const [parent, child] of edges) {
    const [fromX, fromY] = corner(parent).map((at, axis) => at + (axis === 0 ? SIDE : SIDE / 2));
    const [toX, toY] = corner(child).map((at, axis) => at + (axis === 0 ? 0 : SIDE / 2));
    const bend = (fromX + toX) / 2;
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('d', `M${fromX} ${fromY} C${bend} ${fromY} ${bend} ${toY} ${toX} ${toY}`);
    svg.append(path);
  }
  return svg;
}
