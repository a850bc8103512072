/** Small drawings of what a template will look like. */
import { COLOURS, isLarge, PLACES } from './scenes.js';

const SVG = 'http://www.w3.org/2000/svg';
const SIDE = 100;
const CELL = SIDE / 8;

function svg(tag, attributes, text = null) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  if (text !== null) node.textContent = text;
  return node;
}

function sheet() {
  return svg('svg', { viewBox: `0 0 ${SIDE} ${SIDE}`, class: 'sketch', 'aria-hidden': 'true', focusable: 'false' });
}

/** The sketch of a layout. @param {Array<[string, number, number, number, number]>} blocks */
export function layoutSketch(blocks) {
  const node = sheet();
  node.append(svg('rect', { class: 'sketch-page', width: SIDE, height: SIDE, rx: 3 }));
  for (const [kind, x, y, width, height] of blocks) {
    node.append(svg('rect', { class: `sketch-${kind}`, x, y, width, height, rx: kind === 'picture' ? 3 : 2 }));
  }
  return node;
}

/** The sketch of a poster. @param {import('./scenes.js').Scene} scene */
export function sceneSketch(scene) {
  const node = sheet();
  const colour = COLOURS[scene.colour][2];
  node.append(svg('rect', { width: SIDE, height: SIDE, fill: colour }), ...texture(scene));
  for (const thing of scene.things) {
    const fill = COLOURS[thing.colour][2];
    const [x, y] = PLACES[thing.place][2].map((share) => share * SIDE);
    if (thing.shape) {
      for (let index = 0; index < thing.count; index += 1) {
        const side = thing.size * CELL * 0.9;
        const across = thing.count > 1 ? SIDE * ((index + 0.5) / thing.count) : x;
        node.append(figure(thing.shape, across, y, side / 2, fill));
      }
    } else {
      const size = (isLarge(thing) ? 2 : 1) * CELL * 1.15;
      const length = Math.min(SIDE * 0.94, [...thing.text].length * size * 0.78);
      const at = Math.min(Math.max(x, length / 2 + 3), SIDE - length / 2 - 3);
      node.append(svg('text', {
        x: at, y: y + size * 0.36, fill, 'font-size': size, 'font-weight': 700, 'text-anchor': 'middle',
        ...(thing.text ? { textLength: length, lengthAdjust: 'spacingAndGlyphs' } : {}),
      }, thing.text));
    }
  }
  return node;
}

function texture({ ground }) {
  const light = { fill: '#fff', 'fill-opacity': 0.22 };
  if (ground === 'pastel') return [svg('rect', { width: SIDE, height: SIDE, fill: '#fff', 'fill-opacity': 0.55 })];
  if (ground === 'gradient') {
    return Array.from({ length: 10 }, (_, row) => svg('rect', {
      width: SIDE, height: 10.2, y: row * 10, fill: '#fff', 'fill-opacity': 0.06 * row,
    }));
  }
  if (ground === 'striped') {
    return Array.from({ length: 5 }, (_, column) => svg('rect', { width: 10, height: SIDE, x: column * 20 + 10, ...light }));
  }
  if (ground === 'dotted') {
    return Array.from({ length: 25 }, (_, dot) => svg('circle', {
      cx: (dot % 5) * 20 + 10, cy: Math.floor(dot / 5) * 20 + 10, r: 4, ...light,
    }));
  }
  if (ground === 'checkered') {
    return Array.from({ length: 25 }, (_, cell) => cell).filter((cell) => cell % 2).map((cell) => svg('rect', {
      x: (cell % 5) * 20, y: Math.floor(cell / 5) * 20, width: 20, height: 20, ...light,
    }));
  }
  return [];
}

function figure(kind, x, y, r, fill) {
  if (kind === 'circle') return svg('circle', { cx: x, cy: y, r, fill });
  if (kind === 'ring') {
    return svg('circle', { cx: x, cy: y, r: r * 0.78, fill: 'none', stroke: fill, 'stroke-width': r * 0.4 });
  }
  if (kind === 'square') return svg('rect', { x: x - r * 0.85, y: y - r * 0.85, width: r * 1.7, height: r * 1.7, fill });
  if (kind === 'heart') {
    return svg('path', {
      fill,
      d: `M${x} ${y + r} C${x - r * 1.6} ${y - r * 0.1} ${x - r * 0.9} ${y - r * 1.2} ${x} ${y - r * 0.4} `
        + `C${x + r * 0.9} ${y - r * 1.2} ${x + r * 1.6} ${y - r * 0.1} ${x} ${y + r}Z`,
    });
  }
  const corners = { diamond: 4, triangle: 3, hexagon: 6, star: 10 }[kind];
  const points = Array.from({ length: corners }, (_, corner) => {
    const reach = kind === 'star' && corner % 2 ? r * 0.42 : r;
    const turn = (2 * Math.PI * corner) / corners - Math.PI / 2;
    return `${x + reach * Math.cos(turn)},${y + reach * Math.sin(turn)}`;
  });
  return svg('polygon', { points: points.join(' '), fill });
}
