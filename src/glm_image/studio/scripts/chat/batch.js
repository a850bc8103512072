/** The view of batches: many prompts at once, or one with parameters that vary. */
import { addStyles, define, Element, h, replace } from '../core/dom.js';
import { store } from '../core/store.js';
import { loadWords, moment, t } from '../core/words.js';
import { segments } from './options.js';
import './results.js';
import { countsOf, runs } from './runs.js';
import { gridForm, linesForm } from './sheets.js';

const DRAFT = 'glm.batch.draft';
const KINDS = ['lines', 'grid'];

/** `<glm-batch>`: the form at the left, the batch that is looked at, and the ones before. */
class Batch extends Element {
  #draft = readDraft();
  #shown = null;
  #form;
  /** The model that sizes were checked against. */
  #digest = null;

  async connected() {
    await Promise.all([loadWords('batch'), addStyles('batch')]);
    if (!this.isConnected) return;
    this.form = h('div', {});
    this.results = h('div', { class: 'batch-results' });
    this.others = h('div', { class: 'batch-others' });
    replace(this,
      h('div', { class: 'batch-side' },
        h('h1', { text: t('nav.batch') }),
        h('div', { class: 'batch-kinds' }, segments(t('batch.kind'), KINDS, this.#draft.kind,
          (kind) => t(`batch.kind.${kind}`), (kind) => {
            this.#draft.kind = kind;
            this.#drawForm();
          })),
        this.form, this.others),
      this.results);
    this.listen(runs, 'change', () => this.#render());
    this.own(store.subscribe((change) => {
      // Whoever is writing goes on in the same field.
      if (change.kind === 'models' && store.model()?.digest !== this.#digest) this.#update();
    }));
    this.#drawForm();
    this.#render();
    runs.work();
  }

  #drawForm() {
    const on = {
      changed: () => keepDraft(this.#draft),
      redraw: () => this.#drawForm(),
      begin: (made) => {
        this.#shown = runs.begin(made).id;
        this.#render();
        this.results.scrollIntoView({ block: 'nearest' });
      },
    };
    const kind = this.#draft.kind === 'grid' ? 'grid' : 'lines';
    this.#form = kind === 'grid' ? gridForm(this.#draft.grid, on) : linesForm(this.#draft.lines, on);
    this.#update();
    replace(this.form, this.#form.node);
  }

  #update() {
    this.#digest = store.model()?.digest ?? null;
    this.#form.update();
  }

  #render() {
    const run = runs.find(this.#shown) ?? runs.list[0] ?? null;
    this.#shown = run?.id ?? null;
    const now = this.results.firstElementChild;
    if (!run) {
      replace(this.results, h('div', { class: 'empty' },
        h('h2', { text: t('batch.emptyTitle') }), h('p', { text: t('batch.emptyText') })));
    } else if (now?.run !== run) {
      const node = h('glm-batch-results', {});
      node.run = run;
      replace(this.results, node);
    }
    this.#renderOthers();
  }

  #renderOthers() {
    replace(this.others, runs.list.length > 1 && h('h2', { text: t('batch.others') }),
      runs.list.length > 1 && h('ul', {}, runs.list.map((run) => {
        const counts = countsOf(run);
        return h('li', {}, h('button', {
          type: 'button', class: 'quiet batch-other', aria: { pressed: String(run.id === this.#shown) },
          on: {
            click: () => {
              this.#shown = run.id;
              this.#render();
            },
          },
        },
        h('span', { class: 'batch-other-title', text: run.title || t('batch.untitled') }),
        h('span', { class: 'muted small', text: `${moment(run.created)} · ${t('batch.rowCount', { count: counts.all })}` })));
      })));
  }
}

define('glm-batch', Batch);

function readDraft() {
  const axis = (kept, field) => ({
    field: typeof kept?.field === 'string' ? kept.field : field,
    text: typeof kept?.text === 'string' ? kept.text : '',
  });
  let kept = null;
  try {
    kept = JSON.parse(localStorage.getItem(DRAFT));
  } catch {
    // Blocked or damaged storage counts as empty.
  }
  const text = (value) => (typeof value === 'string' ? value : '');
  return {
    kind: KINDS.includes(kept?.kind) ? kept.kind : 'lines',
    lines: {
      text: text(kept?.lines?.text), size: text(kept?.lines?.size),
      n: Number.isInteger(kept?.lines?.n) ? kept.lines.n : 1,
    },
    grid: {
      prompt: text(kept?.grid?.prompt), size: text(kept?.grid?.size), seed: text(kept?.grid?.seed),
      x: axis(kept?.grid?.x, 'seed'), y: axis(kept?.grid?.y, ''),
    },
  };
}

function keepDraft(draft) {
  try {
    localStorage.setItem(DRAFT, JSON.stringify(draft));
  } catch {
    // Without storage it holds until the page is left.
  }
}

export default function view() {
  return h('glm-batch', { class: 'batch' });
}
