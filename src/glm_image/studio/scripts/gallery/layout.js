/**
 * Rows of pictures that keep their aspect and fill the width, as a printer's page is justified.
 */

/**
 * @typedef {{index: number, left: number, width: number}} Cell  Place within a row in pixels.
 * @typedef {{top: number, height: number, cells: Cell[]}} Row
 */

/** Least and greatest aspect that a row treats as it is; slimmer pictures would be slivers. */
const SLIMMEST = 0.4;
const WIDEST = 3;

/**
 * All rows. The last one is no higher than the target, so that a single picture is not blown up.
 *
 * @param {{width: number, height: number}[]} sizes  Of the pictures, in reading order.
 * @param {{width: number, target: number, gap: number}} page  Pixels.
 * @returns {Row[]}
 */
export function justify(sizes, { width, target, gap }) {
  const rows = [];
  let first = 0;
  let aspects = 0;
  let top = 0;
  for (let index = 0; index < sizes.length; index += 1) {
    aspects += aspect(sizes[index]);
    const count = index - first + 1;
    const height = (width - gap * (count - 1)) / aspects;
    const isLast = index === sizes.length - 1;
    if (height > target && !isLast) continue;
    const row = place(sizes, first, index, Math.min(height, target), top, gap);
    rows.push(row);
    top += row.height + gap;
    first = index + 1;
    aspects = 0;
  }
  return rows;
}

/** Height of all rows in pixels. */
export function totalHeight(rows) {
  const last = rows.at(-1);
  return last ? last.top + last.height : 0;
}

/**
 * The rows that touch a stretch of the page: from the first to behind the last.
 *
 * @param {Row[]} rows
 * @param {number} from  Pixels from the top.
 * @param {number} to
 * @returns {[number, number]}
 */
export function visibleRows(rows, from, to) {
  const start = bisect(rows, (row) => row.top + row.height >= from);
  const end = bisect(rows, (row) => row.top > to);
  return [start, Math.max(start, end)];
}

/** The row that holds a picture; -1 if none does. */
export function rowOf(rows, index) {
  const found = bisect(rows, (row) => row.cells.at(-1).index >= index);
  return found < rows.length ? found : -1;
}

/**
 * The picture one row further that lies nearest below or above another one.
 *
 * @param {Row[]} rows
 * @param {number} index  Where the reader is.
 * @param {1|-1} direction
 * @returns {number}  The same index at the edge.
 */
export function neighbour(rows, index, direction) {
  const at = rowOf(rows, index);
  const next = rows[at + direction];
  if (at < 0 || !next) return index;
  const cell = rows[at].cells.find((one) => one.index === index);
  const middle = cell.left + cell.width / 2;
  const distance = (one) => Math.abs(one.left + one.width / 2 - middle);
  return next.cells.reduce((best, one) => (distance(one) < distance(best) ? one : best)).index;
}

function place(sizes, first, last, height, top, gap) {
  const cells = [];
  let left = 0;
  for (let index = first; index <= last; index += 1) {
    const width = aspect(sizes[index]) * height;
    cells.push({ index, left, width });
    left += width + gap;
  }
  return { top, height, cells };
}

function aspect({ width, height }) {
  const exact = width > 0 && height > 0 ? width / height : 1;
  return Math.min(WIDEST, Math.max(SLIMMEST, exact));
}

function bisect(rows, holds) {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(rows[middle])) high = middle;
    else low = middle + 1;
  }
  return low;
}
