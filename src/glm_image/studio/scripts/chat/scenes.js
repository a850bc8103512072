/**
 * Posters of the small bundled model: what it was taught to draw, as a structure that becomes
 * words in English or Chinese, and a sketch.
 *
 * @typedef {object} Scene
 * @property {string} ground  A name of GROUNDS.
 * @property {string} colour  A name of COLOURS.
 * @property {Array<{shape: string, colour: string, count: number, size: number, place: string}
 *   | {text: string, colour: string, large: boolean, place: string}>} things
 */

/** Name -> [word, Chinese word, colour of the sketch]. */
export const COLOURS = {
  red: ['red', '红色', '#dc2626'], orange: ['orange', '橙色', '#f98216'],
  yellow: ['yellow', '黄色', '#fad41e'], green: ['green', '绿色', '#1c9646'],
  cyan: ['cyan', '青色', '#28c8d7'], blue: ['blue', '蓝色', '#2355d7'],
  purple: ['purple', '紫色', '#7d32be'], pink: ['pink', '粉色', '#f896be'],
  brown: ['brown', '棕色', '#7d4b28'], black: ['black', '黑色', '#16161a'],
  white: ['white', '白色', '#f8f8f6'], gray: ['gray', '灰色', '#8c9096'],
};

export const GROUNDS = {
  plain: ['plain {colour}', '纯{colour}'],
  pastel: ['light {colour}', '浅{colour}'],
  gradient: ['{colour} gradient', '{colour}渐变'],
  striped: ['{colour} striped', '{colour}条纹'],
  dotted: ['{colour} dotted', '{colour}圆点'],
  checkered: ['{colour} checkered', '{colour}格子'],
};

export const SHAPES = {
  circle: ['circle', '圆形'], ring: ['ring', '圆环'], square: ['square', '正方形'],
  diamond: ['diamond', '菱形'], triangle: ['triangle', '三角形'], hexagon: ['hexagon', '六边形'],
  heart: ['heart', '爱心'], star: ['star', '星星'],
};

/** Place -> [words, Chinese words, centre of the sketch in [0, 1]]. */
export const PLACES = {
  'top left': ['in the top left corner', '左上角', [0.22, 0.2]],
  'top center': ['at the top', '上方', [0.5, 0.2]],
  'top right': ['in the top right corner', '右上角', [0.78, 0.2]],
  'middle left': ['on the left', '左边', [0.22, 0.5]],
  'middle center': ['in the center', '中间', [0.5, 0.5]],
  'middle right': ['on the right', '右边', [0.78, 0.5]],
  'bottom left': ['in the bottom left corner', '左下角', [0.22, 0.8]],
  'bottom center': ['at the bottom', '下方', [0.5, 0.8]],
  'bottom right': ['in the bottom right corner', '右下角', [0.78, 0.8]],
};

const COUNTS = { 1: ['a', '一个'], 2: ['two', '两个'], 3: ['three', '三个'] };
const SIZES = { 2: ['small', '小'], 3: ['', ''], 4: ['big', '大'] };

/** Longest text that the model was taught to write. */
export const MOST_LETTERS = 10;

/** Whether a text is drawn in big letters: only short Latin ones were, in what the model saw. */
export function isLarge({ large, text }) {
  return large && /^[\x20-\x7e]+$/.test(text) && 2 * text.length <= MOST_LETTERS;
}

/**
 * The words for a scene.
 *
 * @param {Scene} scene
 * @param {'en'|'zh'} language
 */
export function describe(scene, language) {
  const zh = language === 'zh';
  const pick = (pair) => pair[zh ? 1 : 0];
  const colour = (name) => pick(COLOURS[name]);
  const ground = pick(GROUNDS[scene.ground]).replace('{colour}', colour(scene.colour));
  const clauses = scene.things.filter((one) => one.shape || one.text.trim()).map((one) => {
    const place = pick(PLACES[one.place]);
    if (one.shape) {
      const count = pick(COUNTS[one.count]);
      const size = pick(SIZES[one.size]);
      const name = pick(SHAPES[one.shape]);
      if (zh) return `${place}有${count}${size}${colour(one.colour)}${name}`;
      const adjective = `${size} ${colour(one.colour)}`.trim();
      const article = count === 'a' && /^[aeiou]/.test(adjective) ? 'an' : count;
      return `${article} ${adjective} ${name}${one.count > 1 ? 's' : ''} ${place}`;
    }
    const text = one.text.trim().replace(/["“”]/g, '');
    if (zh) return `${place}写着“${text}”，${isLarge(one) ? '大' : ''}${colour(one.colour)}字`;
    return `"${text}" ${place} in ${isLarge(one) ? 'big ' : ''}${colour(one.colour)} letters`;
  });
  return zh ? [`${ground}背景的海报`, ...clauses].join('，')
    : [`a poster with ${/^[aeiou]/.test(ground) ? 'an' : 'a'} ${ground} background`, ...clauses].join(', ');
}

const shape = (kind, colour, size, place, count = 1) => ({ shape: kind, colour, size, place, count });
const words = (text, zh, colour, large, place) => ({ text, zh, colour, large, place });

/** Templates to begin with; texts have an example in both languages. */
export const POSTERS = [
  {
    id: 'headline',
    scene: {
      ground: 'plain', colour: 'blue',
      things: [words('HELLO', '你好', 'white', false, 'top center'), shape('star', 'yellow', 4, 'middle center')],
    },
  },
  {
    id: 'word',
    scene: { ground: 'gradient', colour: 'orange', things: [words('OPEN', '开门', 'black', true, 'middle center')] },
  },
  {
    id: 'lines',
    scene: {
      ground: 'plain', colour: 'white',
      things: [words('SUMMER', '大海', 'red', false, 'top center'), shape('circle', 'orange', 3, 'middle center'),
        words('2026', '明天', 'blue', false, 'bottom center')],
    },
  },
  {
    id: 'row',
    scene: {
      ground: 'dotted', colour: 'pink',
      things: [shape('heart', 'red', 2, 'middle center', 3), words('LOVE', '美好', 'black', false, 'bottom center')],
    },
  },
  {
    id: 'corner',
    scene: {
      ground: 'striped', colour: 'green',
      things: [shape('diamond', 'yellow', 3, 'top left'), words('PARK', '高山', 'white', true, 'bottom center')],
    },
  },
  {
    id: 'shapes',
    scene: {
      ground: 'plain', colour: 'black',
      things: [shape('ring', 'cyan', 4, 'middle left'), shape('triangle', 'pink', 3, 'middle right')],
    },
  },
];
