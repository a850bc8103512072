/** The grid of codes that the generator writes, as a mosaic: one code, one colour. */

/** Pixels of a cell, and of the line between two, before the browser scales them. */
const CELL = 10;
const LINE = 1;
/** Neighbouring codes get hues far apart: steps of the golden angle. */
const GOLDEN = 137.508;

/**
 * Paints what is written so far.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {{rows: number, columns: number, codes: Map<number, number>|undefined,
 *   share: number}} grid `share` of the cells is filled where the codes themselves are not known.
 */
export function paintGrid(canvas, { rows, columns, codes, share }) {
  const width = columns * CELL;
  const height = rows * CELL;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const pen = canvas.getContext('2d');
  const style = getComputedStyle(canvas);
  // Colours of the theme come resolved only from real properties.
  const empty = style.borderTopColor;
  const filled = style.color;
  pen.clearRect(0, 0, width, height);
  const known = codes?.size ? codes : null;
  // Codes that were written before this page listened are known to be there, no more.
  const written = known ? Math.max(...known.keys()) : Math.floor(rows * columns * share);
  for (let place = 0; place < rows * columns; place += 1) {
    const code = known?.get(place);
    pen.fillStyle = code !== undefined ? colourOf(code)
      : place < written ? filled : empty;
    pen.fillRect(
      (place % columns) * CELL, Math.floor(place / columns) * CELL, CELL - LINE, CELL - LINE,
    );
  }
}

function colourOf(code) {
  const hue = (code * GOLDEN) % 360;
  return `hsl(${hue.toFixed(0)} ${26 + (code % 4) * 6}% ${50 + (code % 5) * 5}%)`;
}
