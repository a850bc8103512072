/** Drawing a picture again at a larger size, starting from it. */
import { draw } from '../core/actions.js';
import { errorText, toast } from '../core/announce.js';
import { modal } from '../core/dialogs.js';
import { addStyles, h, newId } from '../core/dom.js';
import { go } from '../core/router.js';
import { store } from '../core/store.js';
import { loadWords, t } from '../core/words.js';
import { larger } from './enlarge.js';
import { sourceOf } from './sources.js';
import { MOST_CHARACTERS } from './wish.js';

const USUAL_STRENGTH = 0.35;
const MOST_STEPS = 6;

/**
 * Asks how large a picture is to become, and has it drawn.
 *
 * @param {{id: string, url: string, width: number, height: number, prompt: string}} picture
 * @returns {Promise<object|null>} The job.
 */
export async function openUpscale(picture) {
  await Promise.all([loadWords('mask'), addStyles('mask')]);
  const model = store.model();
  const sizes = model ? larger(picture, model) : [];
  if (sizes.length === 0) {
    await modal({
      title: t('upscale.title'),
      body: h('p', { text: t('upscale.largest', { n: model?.max_side ?? 0 }) }),
    });
    return null;
  }
  const form = new Form({ ...picture, prompt: await wordsSoFar(picture) }, sizes);
  return modal({
    title: t('upscale.title'),
    body: form.node,
    actions: [
      { label: t('dialog.cancel'), run: () => null },
      { label: t('upscale.draw'), kind: 'primary', run: () => form.submit() },
    ],
  });
}

class Form {
  constructor(picture, sizes) {
    this.picture = picture;
    this.size = sizes.find((one) => one.factor >= 1.9) ?? sizes.at(-1);
    this.words = wordsField(picture.prompt);
    this.strength = h('input', {
      type: 'range', min: 0.1, max: 0.9, step: 0.05, value: USUAL_STRENGTH,
      aria: { describedby: 'upscale-strength' },
    });
    this.problem = h('p', { class: 'problem', role: 'alert' });
    this.node = h('div', { class: 'stack' },
      h('p', { class: 'muted', text: t('upscale.text') }),
      this.#choice(sizes), this.words.node,
      h('label', { class: 'stack tight' }, t('upscale.strength'), this.strength),
      h('p', { class: 'hint', id: 'upscale-strength', text: t('upscale.strengthHint') }),
      this.problem);
  }

  #choice(sizes) {
    const name = newId('size');
    return h('fieldset', { class: 'enlarge-sizes' },
      h('legend', { class: 'label', text: t('upscale.size') }),
      sizes.map((size) => h('label', { class: 'enlarge-size' },
        h('input', {
          type: 'radio', name, checked: size === this.size,
          on: { change: () => { this.size = size; } },
        }),
        h('span', {},
          h('strong', { text: t('upscale.times', { n: Math.round(size.factor * 100) / 100 }) }),
          h('span', { class: 'muted', text: `${size.width} × ${size.height}` })))));
  }

  /** Hands the job in; false keeps the dialog open. */
  async submit() {
    return handIn(this.problem, () => draw({
      prompt: this.words.value,
      images: [this.picture.id],
      size: `${this.size.width}x${this.size.height}`,
      strength: Number(this.strength.value),
    }));
  }
}

/**
 * What led to a picture: words of the first one, then what was changed. An instruction alone, such
 * as "make it red", would not say what there is.
 *
 * @param {{prompt: string, parents?: string[]}} picture
 */
export async function wordsSoFar(picture) {
  const words = [];
  let one = picture;
  while (one && words.length < MOST_STEPS) {
    words.unshift((one.prompt ?? '').trim());
    const [parent] = one.parents ?? [];
    try {
      one = parent ? await sourceOf(parent) : null;
    } catch {
      // What was deleted has no words any more; those that are left still help.
      one = null;
    }
  }
  const whole = [...new Set(words.filter(Boolean))].join(/\p{Script=Han}/u.test(words.join('')) ? '，' : ', ');
  return whole.length > MOST_CHARACTERS ? picture.prompt : whole;
}

/** What the picture shows; needed, as an upload brings no words along. */
export function wordsField(text, label = t('upscale.words')) {
  const field = h('textarea', { rows: 3, maxlength: 1000, required: true, value: text ?? '' });
  return {
    node: h('label', { class: 'stack tight' }, label, field),
    get value() {
      return field.value.trim();
    },
  };
}

/**
 * Runs what hands a job in; says what went wrong beside the form, and what was begun in a toast.
 *
 * @param {HTMLElement} problem where errors are shown
 * @param {() => Promise<object>} run
 * @returns {Promise<object|false>} The job, or false.
 */
export async function handIn(problem, run) {
  problem.textContent = '';
  try {
    const job = await run();
    toast(t('upscale.begun'), { action: { label: t('upscale.show'), run: () => go('#/') } });
    return job;
  } catch (error) {
    problem.textContent = errorText(error);
    return false;
  }
}
