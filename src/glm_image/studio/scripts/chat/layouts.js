/**
 * Templates for models that draw anything: layouts with text, filled in by the reader. Blocks
 * are the sketch: [kind, x, y, width, height] on a field of 100 by 100.
 */
const en = (text) => `"${text.replace(/"/g, "'")}"`;
const zh = (text) => `“${text.replace(/[“”"]/g, '')}”`;
const listed = (values, names, quote) => names.map((name) => values[name]).filter(Boolean).map(quote);

export const LAYOUTS = [
  {
    id: 'poster',
    blocks: [['title', 10, 8, 80, 14], ['picture', 14, 28, 72, 48], ['text', 20, 82, 60, 6], ['text', 30, 91, 40, 4]],
    fields: {
      subject: ['a lighthouse on a cliff at dusk', '黄昏悬崖上的灯塔'],
      title: ['NIGHT OF LIGHTS', '灯火之夜'],
      line: ['12 June, 8 pm, Old Harbour', '6月12日 晚8点 老港口'],
      style: ['flat illustration, deep blue and warm orange', '扁平插画，深蓝与暖橙'],
    },
    en: (v) => `A poster of ${v.subject}, ${v.style}. Large title ${en(v.title)} at the top, `
      + `${en(v.line)} in smaller letters at the bottom, generous margins.`,
    zh: (v) => `一张海报，画面是${v.subject}，${v.style}。上方大标题${zh(v.title)}，下方小字${zh(v.line)}，留白充足。`,
  },
  {
    id: 'infographic',
    blocks: [['title', 10, 6, 80, 10], ['picture', 10, 24, 22, 18], ['text', 38, 28, 52, 8],
      ['picture', 10, 49, 22, 18], ['text', 38, 53, 52, 8], ['picture', 10, 74, 22, 18], ['text', 38, 78, 52, 8]],
    fields: {
      title: ['HOW TEA IS MADE', '茶是怎样做成的'],
      first: ['Pick', '采摘'], second: ['Wither and roll', '萎凋揉捻'], third: ['Dry', '烘干'],
      style: ['clean line icons on cream paper, green accents', '米色纸上的简洁线条图标，绿色点缀'],
    },
    en: (v) => `An infographic titled ${en(v.title)}. Three rows from top to bottom, each an icon on the `
      + `left and a label on the right: ${listed(v, ['first', 'second', 'third'], en).join(', ')}. ${v.style}.`,
    zh: (v) => `一张信息图，标题${zh(v.title)}。从上到下三行，每行左侧图标、右侧文字：`
      + `${listed(v, ['first', 'second', 'third'], zh).join('、')}。${v.style}。`,
  },
  {
    id: 'panels',
    blocks: [['picture', 6, 6, 42, 36], ['text', 8, 44, 38, 4], ['picture', 52, 6, 42, 36], ['text', 54, 44, 38, 4],
      ['picture', 6, 53, 42, 36], ['text', 8, 91, 38, 4], ['picture', 52, 53, 42, 36], ['text', 54, 91, 38, 4]],
    fields: {
      subject: ['a cat learns to paint', '一只猫学画画'],
      first: ['Day 1', '第一天'], second: ['Day 7', '第七天'], third: ['Day 30', '第三十天'], fourth: ['At last!', '终于！'],
      style: ['hand-drawn comic, soft colours', '手绘漫画，柔和色彩'],
    },
    en: (v) => `A comic of four panels in a two by two grid: ${v.subject}. Captions below the panels in `
      + `reading order: ${listed(v, ['first', 'second', 'third', 'fourth'], en).join(', ')}. ${v.style}.`,
    zh: (v) => `四格漫画，两行两列：${v.subject}。每格下方的文字依次是：`
      + `${listed(v, ['first', 'second', 'third', 'fourth'], zh).join('、')}。${v.style}。`,
  },
  {
    id: 'menu',
    blocks: [['title', 20, 8, 60, 12], ['text', 14, 30, 46, 6], ['text', 72, 30, 14, 6], ['text', 14, 44, 46, 6],
      ['text', 72, 44, 14, 6], ['text', 14, 58, 46, 6], ['text', 72, 58, 14, 6], ['picture', 30, 72, 40, 22]],
    fields: {
      title: ['CAFÉ MORNING', '早安咖啡'],
      first: ['Espresso 2.50', '浓缩咖啡 18元'], second: ['Flat white 3.80', '澳白 26元'], third: ['Croissant 2.90', '可颂 20元'],
      style: ['chalk on a dark board, small drawings of cups', '黑板粉笔字，小杯子插图'],
    },
    en: (v) => `A menu board with the title ${en(v.title)} and the lines `
      + `${listed(v, ['first', 'second', 'third'], en).join(', ')}, prices aligned on the right. ${v.style}.`,
    zh: (v) => `一块菜单板，标题${zh(v.title)}，下面几行：`
      + `${listed(v, ['first', 'second', 'third'], zh).join('、')}，价格右对齐。${v.style}。`,
  },
  {
    id: 'product',
    blocks: [['picture', 30, 12, 40, 56], ['title', 20, 74, 60, 9], ['text', 28, 87, 44, 5]],
    fields: {
      subject: ['a glass bottle of cold brew on wet stone', '湿石上的一瓶冷萃咖啡'],
      title: ['STILL', '静萃'], line: ['Twelve hours. No hurry.', '十二小时，慢慢来'],
      style: ['studio photograph, soft side light, shallow depth of field', '棚拍，柔和侧光，浅景深'],
    },
    en: (v) => `${v.style}: ${v.subject}, the label says ${en(v.title)}. Below it the line ${en(v.line)} `
      + 'in thin white letters, much empty space.',
    zh: (v) => `${v.style}：${v.subject}，标签上写着${zh(v.title)}。下方一行白色细字${zh(v.line)}，大量留白。`,
  },
  {
    id: 'slide',
    blocks: [['title', 8, 10, 60, 12], ['text', 8, 32, 40, 6], ['text', 8, 46, 40, 6], ['text', 8, 60, 40, 6],
      ['picture', 56, 30, 36, 56]],
    fields: {
      title: ['Why cities need trees', '城市为什么需要树'],
      first: ['Shade: 4 °C cooler', '树荫：低 4℃'], second: ['Cleaner air', '空气更干净'], third: ['Room for birds', '鸟的家'],
      subject: ['a tree-lined street', '林荫街道'],
    },
    en: (v) => `A presentation slide, wide. Title ${en(v.title)} at the top left, below it three bullet points `
      + `${listed(v, ['first', 'second', 'third'], en).join(', ')}; on the right a picture of ${v.subject}. Clean sans-serif type.`,
    zh: (v) => `一张横版演示页。左上标题${zh(v.title)}，下面三个要点：`
      + `${listed(v, ['first', 'second', 'third'], zh).join('、')}；右侧图片：${v.subject}。简洁无衬线字体。`,
  },
];
