/** The composer: from words and settings to a request that is handed in. */
import { define, Element, h, icon, replace } from '../core/dom.js';
import { isRefusal } from '../core/api.js';
import { completed, draw } from '../core/actions.js';
import { announce, toast, toastError } from '../core/announce.js';
import { keysText, shortcuts } from '../core/keyboard.js';
import { store } from '../core/store.js';
import { t } from '../core/words.js';
import { draft, requestOf } from './draft.js';
import { refusalWords } from './failure.js';
import { takePictures } from './intake.js';
import { putAside } from './outbox.js';
import './options.js';
import './prompt.js';
import './seeds.js';
import './size.js';
import './sources.js';

export class Composer extends Element {
  #prompt = h('glm-prompt');
  #sources = h('glm-sources');
  #size = h('glm-size');
  #seeds = h('glm-seeds');
  #options = h('glm-options');
  #question = h('div', { class: 'card compose-question', role: 'group', hidden: true });
  #models = h('div', { hidden: true });
  #summary = h('span');
  #problem = h('p', { class: 'problem', role: 'alert', hidden: true });
  #submit = null;
  #isSending = false;

  connected() {
    this.#build();
    this.#sync();
    this.listen(draft, 'change', (event) => {
      this.#complain(null);
      if (event.detail.from !== this) this.#sync();
      else if (store.model()) this.#summarise(draft.values, store.model(draft.values.model));
    });
    this.listen(window, 'glm-compose', () => this.focus());
    this.listen(window, 'glm-reference', (event) => this.#sources.add([event.detail.picture]));
    this.own(
      store.subscribe(({ kind }) => {
        if (kind === 'models' || kind === 'connection') this.#sync();
      }),
      takePictures(this.parentElement ?? this, (files) => this.#sources.add(files), this.#question),
      shortcuts.add({
        id: 'draw.submit', keys: 'Mod+Enter', scope: 'draw', inFields: true,
        label: () => t('keys.submit'), run: () => this.send(),
      }),
      shortcuts.add({
        id: 'draw.write', keys: '/', scope: 'draw', label: () => t('keys.write'),
        run: () => this.focus(),
      }),
    );
  }

  focus() {
    this.scrollIntoView({ block: 'nearest' });
    this.#prompt.focus();
  }

  /** The words as they are now. */
  get words() {
    return this.#prompt.value;
  }

  #build() {
    const keys = keysText(shortcuts.keysOf('draw.submit') || 'Mod+Enter');
    this.#submit = h('button', {
      type: 'button', class: 'primary submit', on: { click: () => this.send() },
    }, icon('sparkle', 18), h('span', { text: t('compose.draw') }),
    h('span', { class: 'submit-keys', aria: { hidden: true } },
      keys.map((key) => h('kbd', { text: key }))));
    this.#prompt.addEventListener('input', () => this.#set({ prompt: this.#prompt.value }));
    this.#sources.addEventListener('insert', (event) => this.#prompt.insert(event.detail.mark));
    this.#size.addEventListener('change', () => this.#set({ size: this.#size.value }));
    this.#seeds.addEventListener('change', () => this.#set(this.#seeds.value));
    this.#options.addEventListener('change', (event) => {
      // A field inside says 'change', too; only our own has what has changed.
      if (event.target === this.#options && event.detail) this.#set(event.detail);
    });
    const tool = (name, key, run) => h('button', {
      type: 'button', class: 'quiet', on: { click: run },
    }, icon(name, 18), t(key));
    replace(this,
      h('div', { class: 'compose-scroll' },
        h('div', { class: 'compose-words' }, this.#prompt,
          h('div', { class: 'compose-tools' },
            tool('text', 'compose.quotes.add', () => this.#prompt.quote()),
            tool('image', 'compose.pictures', () => this.#sources.pick()),
            tool('template', 'compose.templates', () => this.#templates()))),
        this.#question, this.#sources, this.#settings()),
      h('div', { class: 'compose-foot' }, this.#problem, this.#submit));
  }

  /** On a phone the settings are folded, so that words and pictures are near each other. */
  #settings() {
    const phone = window.matchMedia('(max-width: 760px)');
    const fold = () => { node.open = !phone.matches; };
    const node = h('details', { class: 'compose-settings' },
      h('summary', {}, icon('adjust', 18), this.#summary, icon('down', 18)),
      h('div', { class: 'stack' }, this.#models, this.#size, this.#options, this.#seeds));
    fold();
    this.listen(phone, 'change', fold);
    return node;
  }

  #set(change) {
    draft.set(change, this);
  }

  /** Shows what stands in the draft. */
  #sync() {
    const { values } = draft;
    const model = store.model(values.model);
    const edits = values.references.length > 0;
    this.#prompt.value = values.prompt;
    this.#seeds.value = { layout: values.layout, details: values.details };
    if (model) {
      this.#prompt.limit = model.prompt_characters;
      this.#sources.limit = model.max_sources;
      this.#size.model = model;
      this.#options.show(model, values, edits);
      this.#summarise(values, model);
    } else {
      this.#summary.textContent = t('options.more');
    }
    this.#size.edits = edits;
    this.#size.value = values.size;
    this.#syncModels(values.model);
  }

  #summarise(values, model) {
    const size = values.size === 'auto' ? model.default_size : values.size;
    const { n, quality, steps } = values;
    const care = steps ? t('options.steps.count', { count: steps }) : t(`quality.${quality}`);
    const parts = [size.replace('x', ' × '), t('compose.count', { count: n }), care];
    this.#summary.textContent = parts.join(' · ');
  }

  #syncModels(chosen) {
    const { models } = store;
    this.#models.hidden = models.length < 2;
    const key = `${models.map((model) => model.id).join()}:${chosen}`;
    if (this.#models.hidden || this.#models.dataset.key === key) return;
    this.#models.dataset.key = key;
    replace(this.#models, h('label', { class: 'stack' }, t('compose.model'),
      h('select', {
        on: { change: (event) => draft.set({ model: event.target.value, size: 'auto' }) },
      }, models.map((model) => h('option', {
        value: model.id, text: model.id, selected: model.id === (chosen ?? models[0].id),
      })))));
  }

  async #templates() {
    try {
      const { openTemplates } = await import('../chat/templates.js');
      const text = await openTemplates(store.model(draft.values.model));
      if (text) {
        draft.set({ prompt: text });
        this.focus();
      }
    } catch (error) {
      toastError(error);
    }
  }

  /** Hands the request in; what was typed stays. */
  async send() {
    if (this.#isSending || !this.#check()) return;
    const { values } = draft;
    const request = { ...requestOf(values), prompt: this.#sources.named(values.prompt) };
    this.#isSending = true;
    this.#submit.setAttribute('aria-busy', 'true');
    try {
      const job = await draw(request);
      announce(job.position ? t('compose.queued', { count: job.position }) : t('compose.taken'));
      this.dispatchEvent(new CustomEvent('sent', { detail: { job } }));
    } catch (error) {
      if (error.name === 'OfflineError') putAside(completed(request), error.requestKey);
      else this.#refused(error);
    } finally {
      this.#isSending = false;
      this.#submit.removeAttribute('aria-busy');
    }
  }

  #check() {
    if (!this.#prompt.value.trim()) {
      this.#prompt.problem(t('compose.blank'));
      this.#prompt.focus();
      return false;
    }
    if (!this.#prompt.isValid) {
      this.#prompt.focus();
      return false;
    }
    const problem = !this.#seeds.isValid ? 'seeds.wrong'
      : !this.#sources.ready ? 'compose.uploading' : null;
    this.#complain(problem && t(problem));
    return problem === null;
  }

  #refused(error) {
    if (error.name !== 'ApiError') {
      this.#complain(String(error.message));
      return;
    }
    const { field, text, hint } = refusalWords(error);
    if (field === 'prompt') this.#prompt.problem(text);
    else if (field === 'size') this.#size.problem(text, hint);
    else this.#complain(text);
    if (isRefusal(error)) {
      const action = { label: t('connection.enter'), run: askForKey };
      toast(t('error.key'), { kind: 'bad', action });
    }
  }

  #complain(text) {
    this.#problem.hidden = !text;
    this.#problem.textContent = text ?? '';
  }
}

async function askForKey() {
  const { openKey } = await import('../key.js');
  openKey();
}

define('glm-composer', Composer);
