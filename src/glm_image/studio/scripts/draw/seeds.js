/**
 * The two seeds of a picture: that of the layout, from which the generator writes, and that of the
 * details, from which the decoder paints. Either may be held while the other changes.
 */
import { define, Element, h, icon, newId, replace } from '../core/dom.js';
import { announce } from '../core/announce.js';
import { t } from '../core/words.js';
import { isSeed, newSeed } from './draft.js';

const KINDS = ['layout', 'details'];

/** `<glm-seeds>`: `value` {layout: Seed, details: Seed}; event 'change'. */
export class Seeds extends Element {
  #value = { layout: { value: '', locked: false }, details: { value: '', locked: false } };
  #ready = false;

  get value() {
    return structuredClone(this.#value);
  }

  set value(value) {
    if (JSON.stringify(value) === JSON.stringify(this.#value)) return;
    this.#value = structuredClone(value);
    this.#render();
  }

  /** Whether what stands in the fields can be sent. */
  get isValid() {
    return KINDS.every((kind) => !this.#value[kind].locked || isSeed(this.#value[kind].value));
  }

  connected() {
    this.#ready = true;
    this.#render();
  }

  #render() {
    if (!this.#ready) return;
    replace(this, h('fieldset', {},
      h('legend', { class: 'label', text: t('seeds.label') }),
      h('div', { class: 'seed-rows' }, KINDS.map((kind) => this.#row(kind))),
      h('p', { class: 'hint', text: t(`seeds.state.${this.#state()}`) })));
  }

  /** What the locks mean, in one word. */
  #state() {
    const { layout, details } = this.#value;
    if (layout.locked && details.locked) return 'both';
    if (layout.locked) return 'layout';
    return details.locked ? 'details' : 'none';
  }

  #row(kind) {
    const { value, locked } = this.#value[kind];
    const id = newId('seed');
    return h('div', { class: 'seed-row', data: { kind } },
      h('label', { for: id, text: t(`seeds.${kind}`) }),
      h('input', {
        id, type: 'text', inputmode: 'numeric', autocomplete: 'off', spellcheck: 'false',
        maxlength: 20, value: locked ? value : '', placeholder: t('seeds.random'),
        aria: { invalid: locked && !isSeed(value) ? 'true' : null },
        on: { change: (event) => this.#typed(kind, event.target.value) },
      }),
      h('button', {
        type: 'button', class: 'icon-button', title: t('seeds.shuffle'),
        aria: { label: t(`seeds.shuffle.${kind}`) },
        on: { click: () => this.#set(kind, { value: newSeed(), locked: true }, 'shuffle') },
      }, icon('shuffle', 18)),
      h('button', {
        type: 'button', class: 'icon-button', title: t(locked ? 'seeds.unlock' : 'seeds.lock'),
        aria: { label: t(`seeds.hold.${kind}`), pressed: String(locked) },
        on: {
          click: () => this.#set(kind, {
            value: locked || isSeed(value) ? value : newSeed(), locked: !locked,
          }, 'lock'),
        },
      }, icon(locked ? 'lock' : 'unlock', 18)));
  }

  #typed(kind, text) {
    const digits = text.trim();
    this.#set(kind, { value: digits, locked: digits !== '' });
    if (digits !== '' && !isSeed(digits)) announce(t('seeds.wrong'), { urgent: true });
  }

  #set(kind, seed, focus = null) {
    this.#value = { ...this.#value, [kind]: seed };
    this.#render();
    const row = this.querySelector(`[data-kind="${kind}"]`);
    if (focus === 'shuffle') row.querySelectorAll('button')[0].focus();
    if (focus === 'lock') row.querySelectorAll('button')[1].focus();
    this.dispatchEvent(new Event('change'));
  }
}

define('glm-seeds', Seeds);
