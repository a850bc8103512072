/** What to try, within what the served model draws. */
import { currentLanguage } from '../core/words.js';
import { LAYOUTS } from './layouts.js';
import { describe, POSTERS } from './scenes.js';

const MOST = 3;

/** Whether a model draws the posters that the bundled one was taught. */
export function drawsPosters(model) {
  return /^posters\b/i.test(model?.summary ?? '');
}

/** A poster of POSTERS with its texts in a language. */
export function posterScene(poster, language) {
  return {
    ...poster.scene,
    things: poster.scene.things.map((one) => (
      one.text === undefined ? { ...one } : { ...one, text: language === 'zh' ? one.zh : one.text })),
  };
}

/** The values that a layout begins with. */
export function layoutValues(layout, language) {
  return Object.fromEntries(Object.entries(layout.fields).map(
    ([name, pair]) => [name, pair[language === 'zh' ? 1 : 0]],
  ));
}

/** Words to begin with. @returns {string[]} */
export function exampleWords(model, language = currentLanguage()) {
  const zh = (text) => /\p{Script=Han}/u.test(text) === (language === 'zh');
  const own = (model?.examples ?? []).filter(zh);
  if (own.length >= MOST) return own.slice(0, MOST);
  if (drawsPosters(model)) {
    return POSTERS.slice(0, MOST).map((one) => describe(posterScene(one, language), language));
  }
  return LAYOUTS.slice(0, MOST).map((one) => one[language](layoutValues(one, language)));
}
