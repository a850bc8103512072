/** The words of a picture: a field that shows which of them will be drawn as text. */
import { define, Element, h, newId, replace } from '../core/dom.js';
import { quotes } from '../core/quotes.js';
import { t, currentLanguage } from '../core/words.js';
import { announce } from '../core/announce.js';

/** Share of the longest prompt from which on the counter warns. */
const NEAR = 0.9;

/** `<glm-prompt>`: `value`, `limit`; events 'input' and 'submit'. */
export class Prompt extends Element {
  #area = null;
  #mirror = null;
  #counter = null;
  #drawn = null;
  #error = null;
  #limit = 1000;
  #start = '';
  #wasOver = false;

  get value() {
    return this.#area ? this.#area.value : this.#start;
  }

  set value(text) {
    this.#start = text;
    if (!this.#area || this.#area.value === text) return;
    this.#area.value = text;
    this.#update();
  }

  get limit() {
    return this.#limit;
  }

  set limit(count) {
    this.#limit = count;
    if (this.#area) this.#update();
  }

  /** Whether there are words, and not too many. */
  get isValid() {
    return this.value.trim() !== '' && length(this.value) <= this.#limit;
  }

  connected() {
    if (this.#area) return;
    const id = newId('prompt');
    this.#area = h('textarea', {
      id, rows: 5, spellcheck: 'true', placeholder: t('compose.prompt.placeholder'),
      aria: { describedby: `${id}-note ${id}-error`, keyshortcuts: 'Control+Enter' },
      on: { input: () => this.#onInput(), scroll: () => this.#follow() },
    });
    this.#area.value = this.#start;
    this.#mirror = h('div', { class: 'prompt-mirror', aria: { hidden: true } });
    this.#counter = h('span', { class: 'prompt-counter', id: `${id}-note` });
    this.#drawn = h('ul', { class: 'drawn-words', aria: { label: t('compose.quotes') } });
    this.#error = h('p', { class: 'problem', id: `${id}-error`, role: 'alert', hidden: true });
    replace(this,
      h('div', { class: 'prompt-head' },
        h('label', { for: id, text: t('compose.prompt') }), this.#counter),
      h('div', { class: 'prompt-box' }, this.#mirror, this.#area),
      this.#error,
      this.#drawn);
    this.#update();
  }

  focus(options) {
    this.#area?.focus(options);
  }

  /** Puts text where the cursor is; with `around` what is selected goes between its two parts. */
  insert(text, around = null) {
    const area = this.#area;
    area.focus();
    const { selectionStart: from, selectionEnd: to } = area;
    const chosen = area.value.slice(from, to);
    const whole = around ? `${around[0]}${chosen || text}${around[1]}` : text;
    // The browser's own undo goes on working with this old command, and with it alone.
    if (!document.execCommand('insertText', false, whole)) {
      area.setRangeText(whole, from, to, 'end');
      this.#onInput();
    }
    if (around) {
      const start = from + around[0].length;
      area.setSelectionRange(start, start + (chosen || text).length);
    }
  }

  /** Shows what is wrong with the words; nothing takes it away. */
  problem(text) {
    this.#error.hidden = !text;
    this.#error.textContent = text ?? '';
    if (text) this.#area.setAttribute('aria-invalid', 'true');
    else this.#area.removeAttribute('aria-invalid');
  }

  #onInput() {
    this.problem(null);
    this.#update();
    this.dispatchEvent(new Event('input'));
  }

  #update() {
    const text = this.#area.value;
    const found = quotes(text);
    const count = length(text);
    const over = count > this.#limit;
    const limit = `${this.#limit}`;
    this.#counter.textContent = t('compose.counter', { count: `${count}`, limit });
    this.#counter.classList.toggle('near', count > this.#limit * NEAR);
    this.#counter.classList.toggle('over', over);
    if (over !== this.#wasOver) {
      this.#wasOver = over;
      this.problem(over ? t('compose.tooLong', { limit: this.#limit }) : null);
    } else if (over) {
      this.problem(t('compose.tooLong', { limit: this.#limit }));
    }
    this.#paint(text, found);
    this.#list(found);
    this.#follow();
  }

  /** The same words behind the field, with what will be drawn on a coloured ground. */
  #paint(text, found) {
    const parts = [];
    let place = 0;
    for (const { start, end } of found) {
      parts.push(text.slice(place, start - 1), h('mark', { text: text.slice(start - 1, end + 1) }));
      place = end + 1;
    }
    parts.push(text.slice(place), '\n');
    replace(this.#mirror, parts);
  }

  #list(found) {
    this.#drawn.hidden = found.length === 0;
    replace(this.#drawn,
      h('li', { class: 'drawn-label', aria: { hidden: true }, text: t('compose.quotes') }),
      found.map(({ text }) => h('li', { class: 'drawn-word', text })));
  }

  /** Puts quotes where the cursor is, for words that will be written in the picture. */
  quote() {
    const pair = currentLanguage() === 'zh' ? ['“', '”'] : ['"', '"'];
    this.insert(t('compose.quotes.sample'), pair);
    announce(t('compose.quotes.added'));
  }

  #follow() {
    this.#mirror.scrollTop = this.#area.scrollTop;
  }
}

/** Characters as the service counts them. */
function length(text) {
  let count = 0;
  for (const sign of text) count += sign ? 1 : 0;
  return count;
}

define('glm-prompt', Prompt);
