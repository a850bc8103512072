/** Conversations of the past, the latest first. */
import { api } from '../core/api.js';
import { errorText, toastError } from '../core/announce.js';
import { confirm, modal } from '../core/dialogs.js';
import { define, Element, h, icon, replace } from '../core/dom.js';
import { moment, t } from '../core/words.js';

const PAGE = 30;
const TITLE_CHARACTERS = 200;

/** `<glm-conversations>`: `current` is the id that is open; events `renamed` and `gone` {id}. */
export class Conversations extends Element {
  #known = [];
  #next = null;
  #current = null;
  #problem = null;
  #load = 0;
  #loaded = false;

  connected() {
    this.refresh();
  }

  set current(id) {
    this.#current = id;
    this.#render();
  }

  /** Fetches the list anew. */
  async refresh() {
    this.#load += 1;
    const load = this.#load;
    try {
      const page = await api.get('/api/conversations', { query: { limit: PAGE } });
      if (load !== this.#load) return;
      this.#known = page.data;
      this.#next = page.next;
      this.#problem = null;
      this.#loaded = true;
    } catch (error) {
      this.#problem = error;
    }
    this.#render();
  }

  async #more() {
    try {
      const page = await api.get('/api/conversations', { query: { limit: PAGE, before: this.#next } });
      this.#known.push(...page.data);
      this.#next = page.next;
    } catch (error) {
      toastError(error);
    }
    this.#render();
  }

  #render() {
    if (!this.isConnected) return;
    replace(this,
      h('a', { class: 'button conversation-new', href: '#/chat' }, icon('add', 18), t('chat.new')),
      this.#problem && h('p', { class: 'muted small', text: errorText(this.#problem) }),
      this.#loaded && this.#known.length === 0 && h('p', { class: 'muted small', text: t('chat.none') }),
      h('ul', { class: 'conversation-list', aria: { label: t('chat.conversations') } },
        this.#known.map((one) => this.#entry(one))),
      this.#next && h('button', {
        type: 'button', class: 'quiet', text: t('chat.older'), on: { click: () => this.#more() },
      }));
  }

  #entry(one) {
    const open = one.id === this.#current;
    return h('li', { class: 'conversation' },
      h('a', {
        href: `#/chat/${one.id}`, aria: open ? { current: 'page' } : {}, title: one.title,
      },
      h('span', { class: 'conversation-title', text: one.title }),
      h('span', { class: 'conversation-time', text: moment(one.updated) })),
      h('button', {
        type: 'button', class: 'icon-button small', aria: { label: t('chat.rename', { title: one.title }) },
        on: { click: () => this.#rename(one) },
      }, icon('edit', 16)),
      h('button', {
        type: 'button', class: 'icon-button small', aria: { label: t('chat.forget', { title: one.title }) },
        on: { click: () => this.#forget(one) },
      }, icon('bin', 16)));
  }

  async #rename(one) {
    const field = h('input', {
      type: 'text', value: one.title, maxlength: TITLE_CHARACTERS, autofocus: true,
    });
    const title = await modal({
      title: t('chat.renameTitle'),
      body: h('label', { class: 'stack tight' }, t('chat.titleLabel'), field),
      actions: [
        { label: t('dialog.cancel'), run: () => null },
        { label: t('dialog.done'), kind: 'primary', run: () => field.value.trim() },
      ],
    });
    if (!title || title === one.title) return;
    try {
      const after = await api.patch(`/api/conversations/${encodeURIComponent(one.id)}`, { title });
      Object.assign(one, after);
      this.#render();
      this.dispatchEvent(new CustomEvent('renamed', { detail: after }));
    } catch (error) {
      toastError(error);
    }
  }

  async #forget(one) {
    const sure = await confirm({
      title: t('chat.forgetTitle'), text: t('chat.forgetText', { title: one.title }),
      yes: t('chat.forgetYes'), danger: true,
    });
    if (!sure) return;
    try {
      await api.delete(`/api/conversations/${encodeURIComponent(one.id)}`);
      this.#known = this.#known.filter((other) => other !== one);
      this.#render();
      this.dispatchEvent(new CustomEvent('gone', { detail: { id: one.id } }));
    } catch (error) {
      toastError(error);
    }
  }
}

define('glm-conversations', Conversations);
