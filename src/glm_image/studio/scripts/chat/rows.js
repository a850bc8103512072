/** Many requests from lines of text or from a CSV file, checked before they are sent. */
import { isLegal, nearest, readSize, sizeText } from '../core/sizes.js';

export const MOST_ROWS = 500;
const MOST_CHARACTERS = 1000;
const MOST_SEED_DIGITS = 20;
const QUALITIES = ['low', 'medium', 'high', 'xhigh', 'max'];

/** Column of a file -> [field, least, most, whole number]; the range is that of the service. */
const NUMBERS = {
  n: [1, 10, true], steps: [1, 200, true], guidance: [0, 100, false],
  temperature: [0, 10, false], top_p: [0.01, 1, false], top_k: [1, 100000, true],
};
const SEEDS = ['seed', 'layout_seed'];
const KNOWN = new Set(['prompt', 'size', 'quality', ...SEEDS, ...Object.keys(NUMBERS)]);

/**
 * @typedef {{line: number, request: object, problem: {key: string, params: object}|null}} Row
 * @typedef {{rows: Row[], unknown: string[], isTable: boolean, left: number}} Sheet
 *   `unknown`: columns that are not used; `left`: rows beyond the most that are taken.
 */

/**
 * Reads prompts, one a line, or a table whose first line names its columns, `prompt` among them.
 *
 * @param {string} text
 * @param {object|null} model
 * @returns {Sheet}
 */
export function readSheet(text, model) {
  const delimiter = delimiterOf(text);
  const isTable = delimiter !== null;
  const found = isTable ? readTable(text, delimiter) : readLines(text);
  const rows = found.rows.slice(0, MOST_ROWS)
    .map(({ line, fields }) => ({ line, ...checked(fields, model) }));
  return { rows, unknown: found.unknown, isTable, left: Math.max(0, found.rows.length - MOST_ROWS) };
}

/** What stands between the columns; null if the text is no table. */
function delimiterOf(text) {
  const first = text.replace(/^\ufeff/, '').split(/\r?\n/, 1)[0];
  for (const sign of ['\t', ';', ',']) {
    const names = first.split(sign).map(nameOf);
    if (names.includes('prompt') && names.every((name) => /^[a-z_ ]*$/.test(name))) return sign;
  }
  return null;
}

function nameOf(cell) {
  return cell.trim().replace(/^"|"$/g, '').toLowerCase();
}

function readLines(text) {
  const rows = text.split(/\r?\n/)
    .map((line, index) => ({ line: index + 1, fields: { prompt: line.trim() } }))
    .filter((row) => row.fields.prompt);
  return { rows, unknown: [] };
}

function readTable(text, delimiter) {
  const [head, ...body] = parseCsv(text.replace(/^\ufeff/, ''), delimiter);
  const names = head.cells.map(nameOf);
  const rows = body
    .filter((row) => row.cells.some((cell) => cell.trim()))
    .map(({ line, cells }) => ({
      line,
      fields: Object.fromEntries(
        names.map((name, index) => [name, (cells[index] ?? '').trim()])
          .filter(([name, cell]) => KNOWN.has(name) && cell),
      ),
    }));
  return { rows, unknown: names.filter((name) => name && !KNOWN.has(name)) };
}

/**
 * Cells of a table: quotes hold line ends and delimiters, two quotes are one.
 *
 * @param {string} text
 * @param {string} delimiter
 * @returns {Array<{line: number, cells: string[]}>}
 */
export function parseCsv(text, delimiter = ',') {
  const rows = [];
  let row = { line: 1, cells: [] };
  let cell = '';
  let line = 1;
  let quoted = false;
  const endRow = () => {
    row.cells.push(cell);
    rows.push(row);
    cell = '';
    row = { line: line + 1, cells: [] };
  };
  for (let index = 0; index < text.length; index += 1) {
    const sign = text[index];
    if (quoted) {
      if (sign === '"' && text[index + 1] === '"') {
        cell += '"';
        index += 1;
      } else if (sign === '"') {
        quoted = false;
      } else {
        cell += sign;
      }
    } else if (sign === '"' && cell.trim() === '') {
      quoted = true;
      cell = '';
    } else if (sign === delimiter) {
      row.cells.push(cell);
      cell = '';
    } else if (sign === '\n') {
      endRow();
    } else if (sign !== '\r') {
      cell += sign;
    }
    if (sign === '\n') line += 1;
  }
  if (cell || row.cells.length) endRow();
  return rows;
}

/** A table as text that spreadsheets read. @param {Array<Array<string|number>>} rows */
export function writeCsv(rows) {
  const cell = (value) => {
    const text = String(value ?? '');
    // A cell that begins like a formula would be run by a spreadsheet.
    const plain = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\n\r]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
  };
  return `\ufeff${rows.map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`;
}

/** A request from the texts of its fields, and what is wrong with it. */
export function checked(fields, model) {
  const request = { prompt: fields.prompt ?? '' };
  const wrong = (key, params = {}) => ({ request, problem: { key, params } });
  if (!request.prompt) return wrong('noPrompt');
  if (request.prompt.length > MOST_CHARACTERS) {
    return wrong('tooLong', { n: request.prompt.length, most: MOST_CHARACTERS });
  }
  if (fields.size && fields.size !== 'auto') {
    const size = readSize(fields.size);
    if (!size) return wrong('noSize', { value: fields.size });
    if (model && !isLegal(size, model)) {
      return wrong('badSize', { value: fields.size, near: sizeText(nearest(size, model)) });
    }
    request.size = sizeText(size);
  }
  if (fields.quality) {
    if (!QUALITIES.includes(fields.quality)) return wrong('badQuality', { value: fields.quality });
    request.quality = fields.quality;
  }
  for (const name of SEEDS) {
    if (!fields[name]) continue;
    if (!/^\d+$/.test(fields[name]) || fields[name].length > MOST_SEED_DIGITS) {
      return wrong('badNumber', { field: name, value: fields[name] });
    }
    request[name] = fields[name];
  }
  for (const [name, [least, most, whole]] of Object.entries(NUMBERS)) {
    if (!fields[name]) continue;
    const value = Number(fields[name]);
    if (!(value >= least && value <= most) || (whole && !Number.isInteger(value))) {
      return wrong('badNumber', { field: name, value: fields[name] });
    }
    request[name] = value;
  }
  return { request, problem: null };
}
