/** Sizes that a model draws, as its card says. */

/** @typedef {{width: number, height: number}} Size */

/** '640x480' as a size; null if it is none. @returns {Size|null} */
export function readSize(text) {
  const found = /^\s*(\d{1,5})\s*[xX×*]\s*(\d{1,5})\s*$/.exec(String(text ?? ''));
  return found ? { width: Number(found[1]), height: Number(found[2]) } : null;
}

/** A size as the API writes it. */
export function sizeText({ width, height }) {
  return `${width}x${height}`;
}

/**
 * The size nearest to another one that the model draws: side by side, or stretched least if that
 * has too many pixels.
 *
 * @returns {Size}
 */
export function nearest({ width, height }, model) {
  const near = { width: side(width, model), height: side(height, model) };
  const most = model.max_pixels ?? Infinity;
  if (near.width * near.height <= most) return near;
  const stretch = (x, y) => Math.log(y / height) ** 2 + Math.log(x / width) ** 2;
  const [low, high] = [side(0, model), side(Infinity, model)];
  let best = null;
  for (let y = low; y <= high; y += model.multiple) {
    for (let x = low; x <= high && x * y <= most; x += model.multiple) {
      if (!best || stretch(x, y) < stretch(best.width, best.height)) best = { width: x, height: y };
    }
  }
  return best;
}

function side(length, model) {
  const low = Math.ceil(model.min_side / model.multiple);
  const high = Math.floor(model.max_side / model.multiple);
  return Math.min(Math.max(halfToEven(length / model.multiple), low), high) * model.multiple;
}

/** The service rounds as Python does: halves to the even neighbour. */
function halfToEven(value) {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Whether the model draws a size as it is. */
export function isLegal(size, model) {
  const near = nearest(size, model);
  return near.width === size.width && near.height === size.height;
}

/** Aspects that people know, and the sizes that the service names first. */
const ASPECTS = [[1, 1], [4, 3], [3, 4], [3, 2], [2, 3], [16, 9], [9, 16]];

/**
 * Tiles to choose from: the sizes of the card; where it names few, the known aspects at the same
 * number of pixels.
 *
 * @returns {Array<Size & {text: string, ratio: string}>}
 */
export function tiles(model) {
  const usual = readSize(model.default_size);
  const listed = model.sizes.map(readSize).filter(Boolean);
  const made = ASPECTS.map(([x, y]) => {
    const scale = Math.sqrt((usual.width * usual.height) / (x * y));
    return nearest({ width: x * scale, height: y * scale }, model);
  });
  const found = new Map();
  for (const size of listed.length >= 4 ? listed : [...listed, ...made]) {
    found.set(sizeText(size), { ...size, text: sizeText(size), ratio: ratio(size) });
  }
  return [...found.values()].slice(0, 9);
}

/** The aspect in small numbers: the nearest known one, with '≈' unless it is exact. */
export function ratio({ width, height }) {
  let best = [1, 1];
  for (const one of [...ASPECTS, [5, 4], [4, 5], [2, 1], [1, 2], [21, 9]]) {
    if (off(one) < off(best)) best = one;
  }
  return `${off(best) < 1e-6 ? '' : '≈'}${best[0]}:${best[1]}`;

  function off([x, y]) {
    return Math.abs(Math.log((width / height) / (x / y)));
  }
}
