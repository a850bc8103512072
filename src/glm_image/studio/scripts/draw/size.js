/** Choosing a size: tiles in their true aspect, and any other size snapped to what is drawn. */
import { h, newId, replace, define, Element } from '../core/dom.js';
import { isLegal, nearest, ratio, readSize, sizeText, tiles } from '../core/sizes.js';
import { announce } from '../core/announce.js';
import { t } from '../core/words.js';

/** Longest side of a drawn tile in pixels. */
const LONGEST = 30;

/** `<glm-size>`: `model`, `value` ('auto' or WxH), `edits`; event 'change'. */
export class SizeChoice extends Element {
  #model = null;
  #value = 'auto';
  #edits = false;
  #custom = false;
  #ready = false;
  #problem = null;

  get value() {
    return this.#value;
  }

  set value(text) {
    if (text === this.#value) return;
    this.#value = text;
    this.#custom = false;
    this.#render();
  }

  set model(model) {
    if (model === this.#model) return;
    this.#model = model;
    this.#render();
  }

  /** Whether pictures are edited: then 'auto' takes the aspect of the first one. */
  set edits(on) {
    if (on === this.#edits) return;
    this.#edits = on;
    this.#render();
  }

  connected() {
    this.#ready = true;
    this.#render();
  }

  /** Shows what is wrong, with a way to mend it if the text names a size. */
  problem(text, hint = null) {
    if (!this.#problem) return;
    const near = readSize(/\d+x\d+/.exec(hint ?? '')?.[0]);
    this.#problem.hidden = !text;
    replace(this.#problem, text ?? '', near && this.#model && isLegal(near, this.#model)
      ? h('button', {
        type: 'button', class: 'link', text: t('size.use', { size: sizeText(near) }),
        on: { click: () => this.#choose(sizeText(near)) },
      }) : null);
  }

  #choose(text, { custom = false } = {}) {
    this.#value = text;
    this.#custom = custom;
    const held = this.contains(document.activeElement);
    this.#render();
    if (held && !custom) this.querySelector('input:checked')?.focus();
    this.dispatchEvent(new Event('change'));
  }

  #render() {
    if (!this.#ready || !this.#model) return;
    const name = newId('size');
    const listed = tiles(this.#model);
    const known = this.#value === 'auto' || listed.some((one) => one.text === this.#value);
    const usual = this.#edits ? null : this.#model.default_size;
    const chosen = this.#value === 'auto' && usual ? usual : this.#value;
    const custom = this.#custom || !known;
    this.#problem = h('p', { class: 'problem', role: 'alert', hidden: true });
    replace(this, h('fieldset', {},
      h('legend', { class: 'label', text: t('size.label') }),
      h('div', { class: 'size-tiles' },
        this.#edits ? this.#tile(name, 'auto', null, !custom && this.#value === 'auto') : null,
        listed.map((one) => this.#tile(name, one.text, one, !custom && one.text === chosen)),
        this.#tile(name, 'custom', null, custom)),
      custom ? this.#fields() : null,
      this.#problem));
  }

  #tile(name, value, size, checked) {
    const id = newId('tile');
    const shape = size
      ? h('i', { class: 'size-shape', style: shapeOf(size) })
      : h('i', { class: `size-shape ${value}` });
    const title = size ? size.ratio : t(`size.${value}`);
    return h('label', { class: 'size-tile', for: id, title: size ? size.text : title },
      h('input', {
        type: 'radio', name, id, value, checked,
        aria: { label: size ? t('size.named', { ratio: title, size: size.text }) : title },
        on: {
          change: () => (value === 'custom'
            ? this.#choose(this.#given(), { custom: true }) : this.#choose(value)),
        },
      }),
      h('span', { class: 'size-frame' }, shape),
      h('span', { class: 'size-name', text: title }));
  }

  /** The size that stands in the fields when they open. */
  #given() {
    return this.#value === 'auto' ? this.#model.default_size : this.#value;
  }

  #fields() {
    const size = readSize(this.#given());
    const model = this.#model;
    const field = (side) => {
      const id = newId('side');
      return h('div', { class: 'grow' },
        h('label', { for: id, text: t(`size.${side}`) }),
        h('input', {
          id, type: 'number', inputmode: 'numeric', min: model.min_side, max: model.max_side,
          step: model.multiple, value: String(size[side]), data: { side },
          on: { change: () => this.#snap() },
        }));
    };
    return h('div', { class: 'size-fields' },
      h('div', { class: 'row' }, field('width'), h('span', { text: '×', aria: { hidden: true } }),
        field('height')),
      h('p', {
        class: 'hint',
        text: t('size.rule', {
          low: `${model.min_side}`, high: `${model.max_side}`, step: `${model.multiple}`,
        }),
      }));
  }

  #snap() {
    const asked = { width: 0, height: 0 };
    for (const input of this.querySelectorAll('input[type="number"]')) {
      asked[input.dataset.side] = Number(input.value) || this.#model.min_side;
    }
    const size = nearest(asked, this.#model);
    const text = sizeText(size);
    for (const input of this.querySelectorAll('input[type="number"]')) {
      input.value = String(size[input.dataset.side]);
    }
    if (size.width !== asked.width || size.height !== asked.height) {
      announce(t('size.snapped', { size: text }));
    }
    this.#value = text;
    this.#custom = true;
    this.dispatchEvent(new Event('change'));
  }
}

function shapeOf({ width, height }) {
  const scale = LONGEST / Math.max(width, height);
  return { width: `${Math.round(width * scale)}px`, height: `${Math.round(height * scale)}px` };
}

/** A size in words for people: its aspect and its pixels. */
export function sizeWords(size) {
  return t('size.named', { ratio: ratio(size), size: sizeText(size) });
}

define('glm-size', SizeChoice);
