/**
 * Whether the quoted words of a prompt can be read on the picture: asked of the service, listed,
 * and marked on the picture.
 */

import { announce, errorText } from '../core/announce.js';
import { h, icon, replace } from '../core/dom.js';
import { preferences } from '../core/preferences.js';
import { quotes } from '../core/quotes.js';
import { t } from '../core/words.js';
import { readPicture } from '../draw/reading.js';

const SIGNS = { read: 'check', misread: 'warning', missing: 'close' };

/** What was read in pictures, so that going back and forth does not read again. */
const known = new Map();

export class ReadingPanel {
  #picture;
  #mark;
  #body;
  #isShown = true;
  #isBusy = false;

  /**
   * @param {object} picture
   * @param {(marks: import('./viewer.js').Mark[]) => void} mark  Shows marks on the picture.
   */
  constructor(picture, mark) {
    this.#picture = picture;
    this.#mark = mark;
    this.#body = h('div', { class: 'text-check stack' });
    this.node = this.#body;
    if (known.has(picture.id)) this.#show(known.get(picture.id));
    else this.#offer(null);
    const hasQuotes = quotes(picture.prompt).length > 0;
    if (!known.has(picture.id) && hasQuotes && preferences.ocrCheck) this.#read();
  }

  #offer(error) {
    const wanted = quotes(this.#picture.prompt);
    replace(this.#body,
      error ? h('p', { class: 'problem', role: 'alert', text: errorText(error) }) : null,
      h('p', {
        class: 'hint',
        text: t(wanted.length > 0 ? 'gallery.reading_hint' : 'gallery.reading_none'),
      }),
      h('div', { class: 'row wrap' },
        h('button', {
          type: 'button', disabled: this.#isBusy, on: { click: () => this.#read() },
        }, icon('text', 18), t(this.#isBusy ? 'gallery.reading_busy' : 'gallery.reading_start'))),
      this.#always());
  }

  #always() {
    return h('label', { class: 'check' }, h('input', {
      type: 'checkbox', checked: preferences.ocrCheck,
      on: { change: (event) => { preferences.ocrCheck = event.currentTarget.checked; } },
    }), t('gallery.reading_always'));
  }

  async #read() {
    this.#isBusy = true;
    this.#offer(null);
    try {
      const answer = await readPicture(this.#picture.id);
      known.set(this.#picture.id, answer);
      this.#show(answer);
      announce(summary(answer));
    } catch (error) {
      this.#isBusy = false;
      this.#offer(error);
    }
  }

  #show(answer) {
    const extra = others(answer);
    replace(this.#body,
      h('p', { class: 'check-summary', text: summary(answer) }),
      answer.quotes.length > 0 ? h('ul', { class: 'verdicts' }, answer.quotes.map(verdict)) : null,
      extra.length > 0 ? h('div', {},
        h('h3', { text: t('gallery.reading_others') }),
        h('ul', { class: 'verdicts' }, extra.map(({ text }) => h('li', { class: 'verdict' },
          icon('text', 16), h('q', { text }))))) : null,
      h('label', { class: 'check' }, h('input', {
        type: 'checkbox', checked: this.#isShown,
        on: { change: (event) => this.#toggle(event.currentTarget.checked, answer) },
      }), t('gallery.reading_marks')),
      this.#always());
    this.#mark(this.#isShown ? marks(answer) : []);
  }

  #toggle(isShown, answer) {
    this.#isShown = isShown;
    this.#mark(isShown ? marks(answer) : []);
  }
}

function verdict({ text, state, found }) {
  return h('li', { class: `verdict ${state}` }, icon(SIGNS[state], 16),
    h('div', {}, h('q', { text }),
      h('p', { class: 'small' }, t(`gallery.reading_${state}`),
        state === 'misread' && found ? [' ', h('q', { text: found })] : null)));
}

function summary({ quotes: asked, lines }) {
  if (asked.length === 0) return t('gallery.reading_lines', { count: lines.length });
  const good = asked.filter(({ state }) => state === 'read').length;
  if (good === asked.length) return t('gallery.reading_all', { count: good });
  return t('gallery.reading_some', { good, count: asked.length });
}

/** Lines that no quoted text accounts for. */
function others({ lines, quotes: asked }) {
  const places = new Set(asked.map(({ box }) => String(box)));
  const words = asked.map(({ text, found }) => `${text}\n${found ?? ''}`.toLocaleLowerCase());
  return lines.filter(({ text, box }) => !places.has(String(box))
    && !words.some((one) => one.includes(text.toLocaleLowerCase())));
}

function marks(answer) {
  const judged = answer.quotes
    .filter(({ box }) => box !== null)
    .map(({ text, state, box }) => ({ box, state, label: text }));
  const rest = others(answer).map(({ text, box }) => ({ box, state: 'other', label: text }));
  return [...judged, ...rest];
}
