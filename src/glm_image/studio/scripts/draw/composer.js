/** The composer: from words and settings to a request that is handed in. */
import { define, Element, h, icon, replace } from '../core/dom.js';
import { completed, draw } from '../core/actions.js';
import { announce, toast, toastError } from '../core/announce.js';
import { keysText, shortcuts } from '../core/keyboard.js';
import { store } from '../core/store.js';
import { t } from '../core/words.js';
import { draft, requestOf } from './draft.js';
import { refusalWords } from './failure.js';
import { receive, takePictures } from './intake.js';
import { putAside } from './outbox.js';
import './prompt.js';
import './size.js';
import './seeds.js';
import './options.js';

export class Composer extends Element {
  #prompt = h('glm-prompt');
  #size = h('glm-size');
  #seeds = h('glm-seeds');
  #options = h('glm-options');
  #references = null;
  #referenceBox = h('div', { class: 'compose-references' });
  #question = h('div', { class: 'card compose-question', role: 'group', hidden: true });
  #models = h('div', { hidden: true });
  #problem = h('p', { class: 'problem', role: 'alert', hidden: true });
  #submit = null;
  #named = (text) => text;
  #isSending = false;

  connected() {
    this.#build();
    this.#sync();
    this.listen(draft, 'change', (event) => {
      if (event.detail.from !== this) this.#sync();
    });
    this.listen(window, 'glm-compose', () => this.focus());
    this.listen(window, 'glm-reference', (event) => this.addReferences([event.detail.picture]));
    this.own(
      store.subscribe(({ kind }) => {
        if (kind === 'models' || kind === 'connection') this.#sync();
      }),
      takePictures(this.parentElement ?? this, (files) => this.addReferences(files), this.#question),
      shortcuts.add({
        id: 'draw.submit', keys: 'Mod+Enter', scope: 'draw', inFields: true,
        label: () => t('keys.submit'), run: () => this.send(),
      }),
      shortcuts.add({
        id: 'draw.write', keys: '/', scope: 'draw', label: () => t('keys.write'),
        run: () => this.focus(),
      }),
    );
    if (draft.values.references.length) this.#openReferences();
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
    h('span', { class: 'submit-keys', aria: { hidden: true } }, keys.map((key) => h('kbd', { text: key }))));
    this.#prompt.addEventListener('input', () => this.#set({ prompt: this.#prompt.value }));
    this.#size.addEventListener('change', () => this.#set({ size: this.#size.value }));
    this.#seeds.addEventListener('change', () => this.#set(this.#seeds.value));
    this.#options.addEventListener('change', (event) => {
      // A field inside says 'change', too; only our own has what has changed.
      if (event.target === this.#options && event.detail) this.#set(event.detail);
    });
    replace(this,
      h('div', { class: 'compose-scroll' },
        this.#prompt,
        h('div', { class: 'compose-tools' },
          h('button', { type: 'button', class: 'quiet', on: { click: () => this.#templates() } },
            icon('template', 18), t('compose.templates')),
          this.#pictureButton()),
        this.#question, this.#referenceBox,
        this.#models, this.#size, this.#options, this.#seeds),
      h('div', { class: 'compose-foot' }, this.#problem, this.#submit));
  }

  #pictureButton() {
    const field = h('input', {
      type: 'file', accept: 'image/png,image/jpeg,image/webp', multiple: true, hidden: true,
      aria: { label: t('compose.pictures') },
      on: {
        change: () => {
          receive([...field.files], (files) => this.addReferences(files), this.#question);
          field.value = '';
        },
      },
    });
    return [field, h('button', {
      type: 'button', class: 'quiet', on: { click: () => this.#pick(field) },
    }, icon('image', 18), t('compose.pictures'))];
  }

  async #pick(field) {
    try {
      const references = await this.#openReferences();
      if (references.pick) await references.pick();
      else field.click();
    } catch (error) {
      toastError(error);
    }
  }

  /** Adds files or pictures of the service that the drawing starts from. */
  async addReferences(given) {
    try {
      const references = await this.#openReferences();
      await references.add(...given);
    } catch (error) {
      toastError(error);
    }
  }

  /** The part for references is loaded when the first one comes. */
  async #openReferences() {
    if (this.#references) return this.#references;
    const module = await import('../chat/references.js');
    if (this.#references) return this.#references;
    this.#named = module.named;
    const references = h('glm-references');
    this.#references = references;
    references.limit = store.model(draft.values.model)?.max_sources ?? references.limit;
    references.items = draft.values.references;
    references.addEventListener('change', () => {
      this.#set({
        references: references.items.filter((item) => item.state === 'ready')
          .map(({ id, url, name, width, height }) => ({ id, url, name, width, height })),
        mask: references.items[0]?.id === draft.values.references[0]?.id ? draft.values.mask : null,
      });
      this.#sync();
    });
    references.addEventListener('insert', (event) => this.#prompt.insert(event.detail.mark));
    replace(this.#referenceBox, references, h('div', { class: 'mask-tools' }));
    this.#sync();
    return references;
  }

  #set(change) {
    this.#complain(null);
    draft.set(change, this);
    if ('references' in change || 'model' in change) this.#sync();
  }

  /** Shows what stands in the draft. */
  #sync() {
    const { values } = draft;
    const model = store.model(values.model);
    const edits = values.references.length > 0;
    this.#prompt.value = values.prompt;
    this.#seeds.value = { layout: values.layout, details: values.details };
    if (model) {
      this.#prompt.limit = model.prompt_characters ?? this.#prompt.limit;
      this.#size.model = model;
      this.#options.show(model, values, edits);
      if (this.#references) this.#references.limit = model.max_sources;
    }
    this.#size.edits = edits;
    this.#size.value = values.size;
    this.#syncReferences(values);
    this.#syncModels(values.model);
    this.#submit.classList.toggle('offline', store.connection === 'offline');
  }

  #syncReferences(values) {
    const references = this.#references;
    if (!references) {
      if (values.references.length) this.#openReferences().catch(toastError);
      return;
    }
    const ready = references.items.filter((item) => item.state === 'ready').map((item) => item.id);
    if (ready.join() !== values.references.map((one) => one.id).join()) {
      references.items = values.references;
    }
    const tools = this.#referenceBox.querySelector('.mask-tools');
    replace(tools, values.references.length ? [
      h('button', {
        type: 'button', class: 'quiet', aria: { pressed: String(Boolean(values.mask)) },
        on: { click: () => this.#mask(values) },
      }, icon('brush', 18), t(values.mask ? 'compose.mask.again' : 'compose.mask')),
      values.mask ? h('button', {
        type: 'button', class: 'link', text: t('compose.mask.drop'),
        on: { click: () => { draft.set({ mask: null }); } },
      }) : null,
    ] : []);
  }

  async #mask(values) {
    try {
      const { openMask } = await import('../chat/mask.js');
      const mask = await openMask(values.references[0]);
      if (mask) draft.set({ mask: mask.dataUrl });
    } catch (error) {
      toastError(error);
    }
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
    const request = { ...requestOf(values), prompt: this.#named(values.prompt) };
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
    if (!this.#seeds.isValid) {
      this.#complain(t('seeds.wrong'));
      return false;
    }
    if (this.#references && !this.#references.ready) {
      this.#complain(t('compose.uploading'));
      return false;
    }
    return true;
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
    if (error.status === 401 || error.code === 'api_key_disabled') {
      toast(t('error.key'), { kind: 'bad', action: { label: t('connection.enter'), run: askForKey } });
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
