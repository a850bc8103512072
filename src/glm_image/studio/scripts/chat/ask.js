/** Where the next thing is said: words, pictures, the area that may change, and how to draw. */
import { announce, errorText } from '../core/announce.js';
import { define, Element, h, icon, newId, replace } from '../core/dom.js';
import { store } from '../core/store.js';
import { t } from '../core/words.js';
import { Area } from './area.js';
import { readDraft, writeDraft } from './draft.js';
import { readOptions } from './options.js';
import { itemOf, withoutMark } from './references.js';
import { checkedWords, isSending, MOST_CHARACTERS, takePictures } from './wish.js';

const NEAR_END = 900;

/**
 * `<glm-ask>`: event `say` with a wish of talk.js without `parent` but with `editing`, the turn
 * whose place it takes. The view calls `sent()` or `failed(error)` when it knows.
 */
export class Ask extends Element {
  #conversation = null;
  #automatic = null;
  #declined = false;
  #editing = null;
  #options = {};
  #busy = false;

  connected() {
    const [hint, counter] = [newId('hint'), newId('counter')];
    this.references = h('glm-references', {
      on: {
        change: () => this.#picturesChanged(),
        insert: (event) => this.#insert(event.detail.mark),
        removed: (event) => this.#removed(event.detail.index),
      },
    });
    this.field = h('textarea', {
      rows: 1, aria: { label: t('ask.label'), describedby: `${hint} ${counter}` },
      placeholder: t('ask.placeholder'),
      on: {
        input: () => this.#typed(),
        keydown: (event) => this.#key(event),
        paste: (event) => takePictures(event, event.clipboardData, this.references),
      },
    });
    this.counter = h('span', { id: counter, class: 'ask-counter' });
    this.note = h('p', { class: 'ask-note', id: hint });
    this.problem = h('p', { class: 'problem', role: 'alert', hidden: true });
    this.area = new Area({ paint: () => this.paint(), changed: () => this.#describe() });
    this.state = h('div', { class: 'ask-editing', hidden: true });
    this.send = h('button', {
      type: 'submit', class: 'primary icon-button ask-send', title: t('ask.send'),
      aria: { label: t('ask.send') },
    }, icon('send'));
    this.adjust = this.#tool('adjust', 'ask.options', () => this.#adjust());
    replace(this, h('form', {
      class: 'ask-form', aria: { label: t('ask.form') },
      on: {
        submit: (event) => {
          event.preventDefault();
          this.#say();
        },
        dragover: (event) => {
          if (event.dataTransfer.types.includes('Files')) event.preventDefault();
        },
        drop: (event) => takePictures(event, event.dataTransfer, this.references),
      },
    },
    this.state, this.references, this.area.node, this.field,
    h('div', { class: 'ask-tools' },
      this.#tool('image', 'ask.attach', () => this.references.pick()),
      this.brush = this.#tool('brush', 'ask.mask', () => this.paint()),
      this.#tool('template', 'ask.templates', async () => {
        const text = await (await import('./templates.js')).openTemplates(store.model());
        if (text) this.fill(text);
      }),
      this.adjust, this.counter, this.send),
    this.problem, this.note));
    this.own(store.subscribe((change) => {
      if (change.kind === 'models') this.#limits();
    }));
    this.#limits();
    this.open(this.#conversation);
  }

  disconnected() {
    this.#keep();
  }

  /** Shows what was begun in a conversation. @param {string|null} id */
  open(id) {
    this.#conversation = id;
    if (!this.field) return;
    const draft = readDraft(id);
    this.#reset();
    this.#options = readOptions(draft.options);
    this.field.value = draft.text;
    this.references.items = draft.items.map((one) => itemOf(one));
    this.#typed();
  }

  /** The picture that is changed as long as nobody names another one. */
  suggest(picture) {
    const { items } = this.references;
    if (this.#editing || items.some((one) => !one.automatic)) return;
    if (this.#automatic !== (picture?.id ?? null)) this.#declined = false;
    this.#automatic = picture?.id ?? null;
    const shown = this.#declined ? null : picture;
    if ((items[0]?.id ?? null) === (shown?.id ?? null)) return;
    this.area.set(null);
    this.references.items = shown ? [itemOf(shown, { automatic: true })] : [];
  }

  /** Takes this picture to be changed next. */
  use(picture) {
    this.area.set(null);
    this.references.items = [itemOf(picture)];
    this.field.focus();
    announce(t('ask.using'));
  }

  /** Takes a picture and asks for the area that may change. */
  async paint(picture = null) {
    if (picture && this.references.items[0]?.id !== picture.id) this.use(picture);
    const first = this.references.items[0];
    if (!first || first.state !== 'ready') {
      this.#problem(t('ask.maskNeedsPicture'));
      return;
    }
    const { openMask } = await import('./mask.js');
    const mask = await openMask(first);
    if (mask && this.references.items[0]?.id === first.id) this.area.set({ ...mask, of: first.id });
    this.field.focus();
  }

  /** Changes what was said before: the next thing takes the place of this turn, as a branch. */
  async edit(turn, text, pictures) {
    this.#editing = turn;
    this.area.set(null);
    this.field.value = text;
    this.references.items = pictures.map((one) => itemOf(one));
    replace(this.state, icon('branch', 18), h('span', { text: t('ask.editing') }), h('button', {
      type: 'button', class: 'link', text: t('dialog.cancel'), on: { click: () => this.cancelEdit() },
    }));
    this.state.hidden = false;
    this.#typed();
    this.field.focus();
  }

  /** Leaves the earlier turn as it is. */
  cancelEdit() {
    if (!this.#editing) return;
    this.open(this.#conversation);
    this.dispatchEvent(new Event('edited'));
  }

  /** What was said has arrived. @param {string} id the conversation, which may be new */
  sent(id) {
    this.#setBusy(false);
    this.field.value = '';
    this.#keep({ empty: true });
    this.#conversation = id;
    this.#reset();
    this.references.clear();
    this.#typed();
  }

  /** It was refused; the words stay. */
  failed(error) {
    this.#setBusy(false);
    this.#problem(errorText(error));
    if (error.field === 'text' || error.field === 'prompt') this.field.setAttribute('aria-invalid', 'true');
    this.field.focus();
  }

  /** Puts words into the field, such as a suggestion. */
  fill(text) {
    this.field.value = text;
    this.#typed();
    this.field.focus();
  }

  #tool(name, key, run) {
    return h('button', {
      type: 'button', class: 'icon-button', title: t(key), aria: { label: t(key) },
      on: { click: run },
    }, icon(name));
  }

  #limits() {
    const model = store.model();
    if (model) this.references.limit = model.max_sources;
  }

  #say() {
    if (this.#busy) return;
    const { text, problem } = checkedWords(this.field.value, this.references);
    this.#problem(problem);
    if (problem) {
      this.field.focus();
      return;
    }
    this.#setBusy(true);
    const images = this.references.ids;
    const { strength, ...options } = this.#options;
    this.dispatchEvent(new CustomEvent('say', {
      detail: {
        text, images,
        mask: this.area.mask?.dataUrl ?? null,
        options: images.length && strength < 1 ? { ...options, strength } : options,
        editing: this.#editing,
      },
    }));
  }

  #typed() {
    this.field.removeAttribute('aria-invalid');
    this.field.style.height = 'auto';
    this.field.style.height = `${Math.min(this.field.scrollHeight + 2, 240)}px`;
    const { length } = this.field.value;
    this.counter.textContent = length > NEAR_END ? `${length} / ${MOST_CHARACTERS}` : '';
    this.counter.classList.toggle('over', length > MOST_CHARACTERS);
    if (!this.problem.hidden && length <= MOST_CHARACTERS) this.#problem('');
    this.#describe();
    this.#keep();
  }

  /** What pressing the button will do, in words. */
  #describe() {
    const count = this.references.items.length;
    this.note.textContent = this.area.mask ? t('ask.willChangeArea')
      : count ? t('ask.willChange', { count }) : t('ask.willDraw');
    this.brush.disabled = count === 0;
    this.brush.setAttribute('aria-pressed', String(Boolean(this.area.mask)));
  }

  #picturesChanged() {
    const { mask } = this.area;
    if (mask && this.references.items[0]?.id !== mask.of) this.area.set(null);
    this.#describe();
    this.#keep();
  }

  #removed(index) {
    if (this.references.items.length === 0) this.#declined = true;
    this.field.value = withoutMark(this.field.value, index);
    this.#typed();
    this.field.focus();
  }

  #keep({ empty = false } = {}) {
    if (this.#editing || !this.field) return;
    writeDraft(this.#conversation, empty ? { text: '', items: [], options: {} } : {
      text: this.field.value, items: this.references.items, options: this.#options,
    });
  }

  #insert(sign) {
    this.field.setRangeText(sign, this.field.selectionStart, this.field.selectionEnd, 'end');
    this.field.focus();
    this.#typed();
  }

  #key(event) {
    if (isSending(event)) {
      event.preventDefault();
      this.#say();
    } else if (event.key === 'Escape' && this.#editing) {
      this.cancelEdit();
    } else if (event.key === 'ArrowUp' && !this.field.value && !this.#editing) {
      this.dispatchEvent(new Event('last'));
    }
  }

  async #adjust() {
    const { openOptions } = await import('./options.js');
    const chosen = await openOptions(this.#options, { editing: this.references.items.length > 0 });
    if (chosen) this.#options = chosen;
    this.adjust.classList.toggle('changed', Object.keys(this.#options).length > 1);
    this.#keep();
  }

  #reset() {
    this.#editing = null;
    this.#declined = false;
    this.#automatic = null;
    this.state.hidden = true;
    this.area.set(null);
  }

  #setBusy(busy) {
    this.#busy = busy;
    this.send.disabled = busy;
  }

  #problem(text) {
    this.problem.hidden = !text;
    this.problem.textContent = text;
  }
}

define('glm-ask', Ask);
