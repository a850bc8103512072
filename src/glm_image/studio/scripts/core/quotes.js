/**
 * The quoted texts of a prompt, which are drawn as text: the same rules as the glyph encoder's
 * (glm_image/tokenizer/glyph.py, "smart"), in steps of whole characters.
 */
const PAIRS = { '“': '”', '‘': '’', '「': '」', '『': '』' };
const SPACE = /^[\p{Zs}\t-\r\u001c-\u001f\u0085\u2028\u2029]$/u;
const WORD = /^[\p{L}\p{N}]$/u;
/** East Asian scripts, from here on, put no spaces between words. */
const EAST = 0x2e80;

/** @typedef {{text: string, start: number, end: number}} Quote `start` and `end` are places in the
 *  string, of the text between the quotes. */

/** Outermost quoted texts in reading order. @param {string} prompt @returns {Quote[]} */
export function quotes(prompt) {
  const signs = Array.from(prompt);
  const places = [0];
  for (const sign of signs) places.push(places.at(-1) + sign.length);
  const found = [];
  let index = 0;
  while (index < signs.length) {
    const end = closing(signs, index);
    if (end === null) {
      index += 1;
      continue;
    }
    const text = signs.slice(index + 1, end).join('');
    if (signs.slice(index + 1, end).some((sign) => !SPACE.test(sign))) {
      found.push({ text, start: places[index + 1], end: places[end] });
    }
    index = end + 1;
  }
  return found;
}

/** Place of the quote that closes the one at `start`; null if none opens or closes there. */
function closing(signs, start) {
  const opening = signs[start];
  if (opening in PAIRS) return pairedEnd(signs, start, PAIRS[opening]);
  if (opening === '"') {
    const end = signs.indexOf('"', start + 1);
    return end < 0 || /^[0-9]$/.test(signs[start - 1] ?? '') ? null : end;
  }
  return opening === "'" && opens(signs, start) ? straightEnd(signs, start) : null;
}

/** End of a pair whose two signs differ; the same pair may stand inside it. */
function pairedEnd(signs, start, sign) {
  let depth = 0;
  for (let index = start; index < signs.length; index += 1) {
    if (signs[index] === signs[start]) {
      depth += 1;
    } else if (signs[index] === sign && !isApostrophe(signs, index)) {
      depth -= 1;
      if (depth === 0) return index;
    }
  }
  return null;
}

/** End of a straight single quote; another one opening first makes this an apostrophe. */
function straightEnd(signs, start) {
  for (let index = start + 1; index < signs.length; index += 1) {
    if (signs[index] !== "'") continue;
    if (closes(signs, index)) return index;
    if (opens(signs, index)) return null;
  }
  return null;
}

function opens(signs, index) {
  const after = signs[index + 1];
  return !isWord(signs[index - 1]) && after !== undefined && !SPACE.test(after);
}

function closes(signs, index) {
  const before = signs[index - 1];
  return !(before !== undefined && SPACE.test(before)) && !isWord(signs[index + 1]);
}

function isApostrophe(signs, index) {
  return /^['’]$/.test(signs[index]) && isWord(signs[index - 1]) && isWord(signs[index + 1]);
}

function isWord(sign) {
  return sign !== undefined && WORD.test(sign) && sign.codePointAt(0) < EAST;
}
