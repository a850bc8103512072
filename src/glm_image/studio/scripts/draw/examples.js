/** What to try: prompts that the served model draws well. */
import { h, icon } from '../core/dom.js';
import { currentLanguage, t } from '../core/words.js';
import { draft } from './draft.js';

/** How many are offered. */
const SHOWN = 4;

/** Prompts of the model itself; where it names none, some that any full model draws. */
export function examplesOf(model) {
  const own = model?.examples ?? [];
  if (!own.length) return [1, 2, 3, 4].map((number) => t(`examples.${number}`));
  const isOurs = (text) => /\p{Script=Han}/u.test(text) === (currentLanguage() === 'zh');
  return [...own.filter(isOurs), ...own.filter((text) => !isOurs(text))].slice(0, SHOWN);
}

/** What stands on the wall as long as nothing was drawn. */
export function emptyWall(model) {
  return h('div', { class: 'empty-wall' },
    h('div', { class: 'empty-art', aria: { hidden: true } },
      Array.from({ length: 16 }, () => h('i'))),
    h('h2', { text: t('wall.empty') }),
    h('p', {
      class: 'muted', text: model?.examples?.length ? model.summary : t('wall.empty.text'),
    }),
    h('h3', { text: t('wall.try') }),
    h('ul', { class: 'example-list' }, examplesOf(model).map((text) => h('li', {},
      h('button', {
        type: 'button', class: 'example', on: { click: () => use(text) },
      }, h('span', { text }), icon('forward', 16))))));
}

function use(prompt) {
  draft.set({ prompt });
  window.dispatchEvent(new CustomEvent('glm-compose'));
}
