/** How many pictures, how carefully, and what few people change. */
import { define, Element, h, newId, replace } from '../core/dom.js';
import { preferences } from '../core/preferences.js';
import { t } from '../core/words.js';

const SHOWN = ['n', 'quality', 'steps', 'guidance', 'strength'];
const COUNTS = [1, 2, 3, 4];
/** Shares of the usual steps, as the service has them. */
const QUALITIES = { low: 0.3, medium: 0.6, high: 1, max: 2 };

/** A row of which one is chosen. @returns {HTMLElement} */
export function segments(label, options, chosen, choose) {
  const name = newId('choice');
  return h('fieldset', {},
    h('legend', { class: 'label', text: label }),
    h('div', { class: 'segments' }, options.map(({ value, text, title }) => h('label', { title },
      h('input', {
        type: 'radio', name, value: String(value), checked: value === chosen,
        on: { change: () => choose(value) },
      }), text))));
}

/** `<glm-options>`: `model`, `value` (a part of the draft), `edits`; event 'change' {detail}. */
export class Options extends Element {
  #model = null;
  #value = {};
  #edits = false;
  #ready = false;
  #isOpen = false;

  /** Shows these values. */
  show(model, value, edits) {
    const same = this.#model === model && this.#edits === edits
      && SHOWN.every((name) => value[name] === this.#value[name]);
    this.#model = model;
    this.#value = value;
    this.#edits = edits;
    if (!same) this.#render();
  }

  connected() {
    this.#ready = true;
    this.#render();
  }

  #change(change) {
    this.#value = { ...this.#value, ...change };
    this.dispatchEvent(new CustomEvent('change', { detail: change }));
  }

  #render() {
    if (!this.#ready || !this.#model) return;
    const { n, quality, steps } = this.#value;
    replace(this,
      segments(t('options.count'), COUNTS.map((value) => ({ value, text: `${value}` })), n,
        (value) => this.#change({ n: value })),
      this.#quality(quality, steps),
      this.#more());
  }

  #quality(quality, steps) {
    const usual = this.#model.steps;
    const stepsOf = (share) => Math.max(1, Math.round(usual * share));
    const fitting = steps === null ? quality
      : Object.keys(QUALITIES).find((name) => stepsOf(QUALITIES[name]) === steps) ?? null;
    return segments(t('options.quality'), Object.entries(QUALITIES).map(([value, share]) => ({
      value,
      text: t(`quality.${value}`),
      title: t('options.steps.count', { count: stepsOf(share) }),
    })), fitting, (value) => {
      this.#change({ quality: value, steps: null });
      this.#render();
    });
  }

  #more() {
    const { steps, guidance, strength } = this.#value;
    const model = this.#model;
    return h('details', {
      class: 'more-options', open: this.#isOpen,
      on: { toggle: (event) => { this.#isOpen = event.target.open; } },
    },
    h('summary', { text: t('options.more') }),
    h('div', { class: 'stack' },
      this.#number('steps', steps, { min: 1, max: 1000, step: 1, usual: this.#usualSteps() }),
      this.#number('guidance', guidance, { min: 0, max: 100, step: 0.1, usual: model.guidance }),
      this.#edits
        ? this.#number('strength', strength, { min: 0.05, max: 1, step: 0.05, usual: null }) : null,
      this.#check('label'),
      this.#check('showPreviews'),
      this.#check('ocrCheck')));
  }

  #usualSteps() {
    return Math.max(1, Math.round(this.#model.steps * (QUALITIES[this.#value.quality] ?? 1)));
  }

  #number(name, value, { min, max, step, usual }) {
    const id = newId(name);
    return h('div', { class: 'number-row' },
      h('label', { for: id, text: t(`options.${name}`) }),
      h('input', {
        id, type: 'number', min, max, step, value: value === null ? '' : String(value),
        placeholder: usual === null ? t('options.usual') : String(usual),
        aria: { describedby: `${id}-hint` },
        on: {
          change: (event) => {
            const given = event.target.value === '' ? null : Number(event.target.value);
            const kept = given === null || !Number.isFinite(given)
              ? null : Math.min(Math.max(given, min), max);
            event.target.value = kept === null ? '' : String(kept);
            this.#change({ [name]: name === 'steps' && kept !== null ? Math.round(kept) : kept });
            if (name === 'steps') this.#render();
          },
        },
      }),
      h('p', { class: 'hint', id: `${id}-hint`, text: t(`options.${name}.hint`) }));
  }

  #check(name) {
    return h('label', { class: 'check' },
      h('input', {
        type: 'checkbox', checked: preferences[name],
        on: { change: (event) => { preferences[name] = event.target.checked; } },
      }), t(`options.${name}`));
  }
}

define('glm-options', Options);
