/**
 * Two pictures in one place: parted by a line that is moved, side by side, or as their difference.
 */

import { h, newId, replace } from '../core/dom.js';
import { t } from '../core/words.js';
import { difference, pixelsOf } from './difference.js';
import './viewer.js';

/** @typedef {{picture: object, name: string}} Side  A picture and what it is called here. */

const MOST_GAIN = 16;

/** A picture that fills its place. */
function image({ picture, name }, kind = '') {
  return h('img', {
    class: kind, src: picture.url, width: picture.width, height: picture.height, draggable: 'false',
    alt: picture.prompt ? `${name}: ${picture.prompt}` : name,
  });
}

/**
 * One picture over the other, as far as a line that is dragged or moved with the arrows.
 *
 * @param {Side} left
 * @param {Side} right
 */
export function slider(left, right) {
  const top = image(left, 'split-top');
  const line = h('div', { class: 'split-line', aria: { hidden: true } }, h('i'));
  const part = (share) => {
    top.style.clipPath = `inset(0 ${100 - share}% 0 0)`;
    line.style.left = `${share}%`;
  };
  const field = h('input', {
    type: 'range', class: 'split-field', min: '0', max: '100', step: '0.5', value: '50',
    aria: { label: t('gallery.compare_line', { left: left.name, right: right.name }) },
    on: { input: (event) => part(Number(event.currentTarget.value)) },
  });
  part(50);
  const { width, height } = left.picture;
  const style = { '--aspect': width / height, '--natural': `${width}px` };
  return h('div', { class: 'split', style },
    image(right, 'split-under'), top, field, line,
    h('span', { class: 'split-name at-left', text: left.name }),
    h('span', { class: 'split-name at-right', text: right.name }));
}

/**
 * Both beside each other; where one is looked at closely, so is the other.
 *
 * @param {Side} left
 * @param {Side} right
 */
export function sideBySide(left, right) {
  const viewers = [left, right].map(() => document.createElement('glm-viewer'));
  const node = h('div', { class: 'beside' }, [left, right].map((side, index) => h('figure', {},
    h('figcaption', { text: side.name }), viewers[index])));
  const start = () => [left, right].forEach(({ picture, name }, index) => {
    viewers[index].show({ ...picture, alt: picture.prompt ? `${name}: ${picture.prompt}` : name });
    viewers[index].addEventListener('moved', () => viewers[1 - index].follow(viewers[index]));
  });
  return { node, start };
}

/**
 * How they differ, brighter than it is so that it can be seen.
 *
 * @param {Side} left
 * @param {Side} right
 */
export function differing(left, right) {
  const id = newId('gain');
  const { width, height } = left.picture;
  const canvas = h('canvas', {
    width, height, role: 'img', aria: { label: t('gallery.compare_difference') },
    style: { '--aspect': width / height, '--natural': `${width}px` },
  });
  const figures = h('p', { class: 'muted', role: 'status', text: t('gallery.loading') });
  const shown = h('output', { for: id, text: '4×' });
  let pixels = null;
  const paint = (gain) => {
    if (!pixels) return;
    const found = difference(pixels.left, pixels.right, gain);
    canvas.getContext('2d').putImageData(new ImageData(found.pixels, width), 0, 0);
    const share = new Intl.NumberFormat(document.documentElement.lang, {
      style: 'percent', maximumFractionDigits: 1,
    });
    const values = { share: share.format(found.changed), mean: share.format(found.mean / 255) };
    figures.textContent = found.changed === 0
      ? t('gallery.compare_same') : t('gallery.compare_figures', values);
  };
  const field = h('input', {
    id, type: 'range', min: '1', max: String(MOST_GAIN), value: '4',
    on: {
      input: () => {
        shown.textContent = `${field.value}×`;
        paint(Number(field.value));
      },
    },
  });
  const note = sameSize(left.picture, right.picture) ? null
    : h('p', { class: 'hint', text: t('gallery.compare_sizes') });
  const node = h('div', { class: 'differing' }, canvas,
    h('div', { class: 'differing-tools' },
      h('label', { for: id, text: t('gallery.compare_gain') }), field, shown), figures, note);
  const start = async () => {
    const images = [left, right].map((side) => image(side));
    try {
      await Promise.all(images.map((one) => one.decode()));
    } catch {
      replace(figures, t('gallery.compare_failed'));
      return;
    }
    pixels = pixelsOf(...images);
    paint(Number(field.value));
  };
  return { node, start };
}

function sameSize(one, other) {
  return one.width === other.width && one.height === other.height;
}
