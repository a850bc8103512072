/**
 * How two pictures differ, point by point.
 */

/**
 * @typedef {{pixels: Uint8ClampedArray, changed: number, mean: number}} Difference  Grey on black
 *   as RGBA; the share of points that differ visibly; the mean difference of all values, 0 to 255.
 */

/** A value that differs by less is the noise of a file format. */
const VISIBLE = 8;

/**
 * The difference of two pictures of the same extent.
 *
 * @param {Uint8ClampedArray} left  RGBA.
 * @param {Uint8ClampedArray} right  RGBA.
 * @param {number} gain  How much brighter it is shown than it is.
 * @returns {Difference}
 */
export function difference(left, right, gain) {
  const pixels = new Uint8ClampedArray(left.length);
  let changed = 0;
  let sum = 0;
  for (let at = 0; at < left.length; at += 4) {
    let most = 0;
    for (let channel = 0; channel < 3; channel += 1) {
      const apart = Math.abs(left[at + channel] - right[at + channel]);
      sum += apart;
      most = Math.max(most, apart);
      pixels[at + channel] = apart * gain;
    }
    pixels[at + 3] = 255;
    if (most >= VISIBLE) changed += 1;
  }
  const points = left.length / 4 || 1;
  return { pixels, changed: changed / points, mean: sum / (points * 3) };
}

/**
 * Two decoded pictures as pixels of the first one's extent.
 *
 * @param {HTMLImageElement} left
 * @param {HTMLImageElement} right
 * @returns {{width: number, height: number, left: Uint8ClampedArray, right: Uint8ClampedArray}}
 */
export function pixelsOf(left, right) {
  const width = left.naturalWidth;
  const height = left.naturalHeight;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const read = (image) => {
    context.clearRect(0, 0, width, height);
    context.drawImage(image, 0, 0, width, height);
    return context.getImageData(0, 0, width, height).data;
  };
  return { width, height, left: read(left), right: read(right) };
}
