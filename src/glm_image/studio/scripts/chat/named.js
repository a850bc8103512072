/** Numbers in circles stand for pictures while a person writes; models read words. */

const FIRST_MARK = 0x2460; // ①
const MARKS = 16;
const ORDINALS = [
  'first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth',
  'ninth', 'tenth', 'eleventh', 'twelfth', 'thirteenth', 'fourteenth', 'fifteenth', 'sixteenth',
];
const NUMERALS = [
  '一', '二', '三', '四', '五', '六', '七', '八', '九', '十',
  '十一', '十二', '十三', '十四', '十五', '十六',
];
const HAN = /[\u3400-\u9fff]/;
const SIGN = /\s?[\u2460-\u246f]\s?/g;

/**
 * The sign of a picture.
 * @param {number} index from 0 to 15
 */
export function mark(index) {
  return String.fromCodePoint(FIRST_MARK + index);
}

/**
 * The words that are sent: every sign becomes "the first picture", or 第一张图 in a Chinese text.
 * @param {string} text
 */
export function named(text) {
  const chinese = HAN.test(text);
  const changed = text.replace(SIGN, (sign) => {
    const index = sign.trim().codePointAt(0) - FIRST_MARK;
    return chinese ? `第${NUMERALS[index]}张图` : ` the ${ORDINALS[index]} picture `;
  });
  return chinese ? changed : changed.replace(/ {2,}/g, ' ').replace(/ ([,.;:!?])/g, '$1').trim();
}

/**
 * Signs in a text that no picture has.
 * @param {string} text
 * @param {number} count how many pictures there are
 * @returns {string[]}
 */
export function unknownMarks(text, count) {
  const found = [...text].filter((sign) => {
    const index = sign.codePointAt(0) - FIRST_MARK;
    return index >= count && index < MARKS;
  });
  return [...new Set(found)];
}

/**
 * A text after a picture went away: its sign goes, and those behind it count down.
 * @param {string} text
 * @param {number} gone index of the picture
 */
export function withoutMark(text, gone) {
  return [...text].map((sign) => {
    const index = sign.codePointAt(0) - FIRST_MARK;
    if (index < 0 || index >= MARKS || index < gone) return sign;
    return index === gone ? '' : mark(index - 1);
  }).join('');
}
