/** For those who look after the service: what waits, who draws, who may ask. */
import { Element, define, h, icon, replace } from '../core/dom.js';
import { api } from '../core/api.js';
import { announce, errorText, toast, toastError } from '../core/announce.js';
import { t } from '../core/words.js';
import { keysPanel } from './keys.js';
import { queuePanel } from './queue.js';
import { workersPanel } from './workers.js';

const POLL_MS = 3000;

class AdminView extends Element {
  #queue = queuePanel({ pause: () => this.#pause(), cancel: (id) => this.#cancel(id) });
  #workers = workersPanel();
  #keys = keysPanel({ changed: () => this.#load() });
  #problem = h('div', { class: 'admin-problem', hidden: true });
  #panels = h('div', { class: 'admin-panels' }, this.#queue.node, this.#workers.node, this.#keys.node);
  #timer = 0;
  #loading = null;
  #paused = false;

  connected() {
    replace(this,
      h('header', { class: 'admin-head' },
        h('div', {},
          h('h1', { text: t('admin.title') }),
          h('p', { class: 'muted', text: t('admin.text') })),
        h('button', {
          type: 'button', class: 'quiet', on: { click: () => this.#load({ spoken: true }) },
        }, icon('retry', 18), t('admin.refresh'))),
      this.#problem,
      this.#panels);
    this.#panels.hidden = true;
    this.#load();
    this.listen(document, 'visibilitychange', () => { if (!document.hidden) this.#load(); });
    this.own(() => {
      clearTimeout(this.#timer);
      this.#loading?.abort();
    });
  }

  async #load({ spoken = false } = {}) {
    clearTimeout(this.#timer);
    this.#loading?.abort();
    const loading = new AbortController();
    this.#loading = loading;
    const ask = (path) => api.get(path, { signal: loading.signal });
    try {
      const [queue, workers, keys] = await Promise.all([
        ask('/api/admin/queue'), ask('/api/admin/workers'), ask('/api/admin/keys'),
      ]);
      if (loading.signal.aborted) return;
      this.#show(queue, workers, keys);
      if (spoken) announce(t('admin.fresh'));
    } catch (error) {
      if (loading.signal.aborted) return;
      this.#refuse(error);
      // Without the right, asking again does not help.
      if (error.status === 401 || error.status === 403) return;
    }
    if (!document.hidden) this.#timer = setTimeout(() => this.#load(), POLL_MS);
  }

  #show(queue, workers, keys) {
    this.#problem.hidden = true;
    this.#panels.hidden = false;
    this.#paused = queue.paused;
    this.#queue.show(queue);
    this.#workers.show(workers);
    this.#keys.show(keys);
  }

  #refuse(error) {
    const denied = error.status === 401 || error.status === 403;
    this.#panels.hidden = denied || this.#panels.hidden;
    this.#problem.hidden = false;
    replace(this.#problem, h('div', { class: 'card row' },
      icon(denied ? 'lock' : 'warning'),
      h('div', { class: 'stack', role: 'status' },
        h('p', { text: denied ? t('admin.denied') : errorText(error) }),
        denied && h('p', { class: 'muted small', text: t('admin.denied.how') }))));
  }

  async #pause() {
    const path = this.#paused ? '/api/admin/resume' : '/api/admin/pause';
    try {
      const { paused } = await api.post(path, {});
      toast(t(paused ? 'admin.paused' : 'admin.resumed'), { kind: 'good' });
    } catch (error) {
      toastError(error);
    }
    await this.#load();
  }

  async #cancel(id) {
    try {
      await api.delete(`/api/admin/jobs/${encodeURIComponent(id)}`);
    } catch (error) {
      toastError(error);
    }
    await this.#load();
  }
}

define('glm-admin', AdminView);

export default function view() {
  return document.createElement('glm-admin');
}
