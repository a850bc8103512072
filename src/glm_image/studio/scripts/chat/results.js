/** What became of a batch: a table of rows, or a grid of values. */
import { api } from '../core/api.js';
import { errorText, toastError } from '../core/announce.js';
import { confirm } from '../core/dialogs.js';
import { define, Element, h, icon, replace } from '../core/dom.js';
import { stageShares } from '../draw/progress.js';
import { hasEnded, store } from '../core/store.js';
import { moment, t } from '../core/words.js';
import { writeCsv } from './rows.js';
import { countsOf, runs } from './runs.js';

const MOST_IN_ZIP = 200;
const MOST_IN_PAGE = 200;

/** `<glm-batch-cell>`: the pictures of one request, or how far they are. `row` is set once. */
class Cell extends Element {
  row = null;
  #asked = false;

  connected() {
    this.own(
      store.subscribe((change) => {
        if (change.kind === 'job' && change.id === this.row.job) this.paint();
      }),
    );
    this.listen(runs, 'change', () => this.paint());
    const watch = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) this.#ask();
    });
    watch.observe(this);
    this.own(() => watch.disconnect());
    this.paint();
  }

  /** Asks for jobs that the page does not know, once they come into sight. */
  async #ask() {
    if (this.#asked || !this.row.job || store.jobs.has(this.row.job)) return;
    this.#asked = true;
    try {
      await store.fetchJob(this.row.job);
    } catch (error) {
      replace(this, h('p', { class: 'problem', text: errorText(error) }));
    }
  }

  paint() {
    const { row } = this;
    const job = store.jobs.get(row.job);
    const state = row.error ? `error ${row.error}`
      : job ? `${job.state} ${job.pictures.length} ${job.progress?.stage}` : String(row.job);
    if (job?.state === 'running') {
      const { layout, details } = stageShares(job);
      this.style.setProperty('--share', String((layout + details) / 2));
    }
    if (state === this.state) return;
    this.state = state;
    if (row.job && !job) this.#asked = false;
    replace(this, this.#content(row, job));
  }

  #content(row, job) {
    if (row.error) return h('p', { class: 'problem', text: row.error });
    if (!job) {
      return h('p', { class: 'cell-note', text: t(row.job ? 'batch.loading' : 'batch.notSent') });
    }
    if (job.pictures.length > 0) {
      return h('ul', { class: 'cell-pictures' }, job.pictures.map((picture) => h('li', {},
        h('a', { href: `#/picture/${picture.id}` }, h('img', {
          src: picture.url, alt: picture.prompt, width: picture.width, height: picture.height,
          loading: 'lazy', decoding: 'async', title: t('batch.seed', { seed: String(picture.seed) }),
        })))));
    }
    if (hasEnded(job)) {
      return h('p', { class: 'problem', text: job.failure?.message ?? t(`batch.state.${job.state}`) });
    }
    return h('div', { class: 'cell-wait' },
      h('p', { class: 'cell-note', text: t(`batch.state.${job.state}`) }), h('div', { class: 'bar' }, h('i')));
  }
}

define('glm-batch-cell', Cell);

/** `<glm-batch-results>`: one batch with what can be done with it. `run` is set once. */
class Results extends Element {
  run = null;
  #line = h('p', { class: 'batch-counts', role: 'status' });
  #tools = h('div', { class: 'batch-tools' });
  #timer = 0;

  connected() {
    const { run } = this;
    replace(this,
      h('header', { class: 'batch-head' },
        h('h2', { text: run.title || t('batch.untitled') }),
        h('span', { class: 'muted small', text: moment(run.created) })),
      this.#line, this.#tools,
      run.kind === 'grid' ? this.#grid() : this.#table());
    this.own(store.subscribe((change) => {
      if (change.kind === 'job') this.#soon();
    }), () => clearTimeout(this.#timer));
    this.listen(runs, 'change', () => this.#soon());
    this.#count();
    this.#learn().catch(toastError);
  }

  /** Asks for the jobs of the batch that the page does not know, many at a time. */
  async #learn() {
    const unknown = new Set(this.run.rows.map((row) => row.job).filter((id) => id && !store.jobs.has(id)));
    if (unknown.size === 0) return;
    const names = [...unknown].sort();
    await store.fetchJob(names.at(-1)).catch(() => {
      // Its cell says what became of it.
    });
    let before = names.at(-1);
    // Names of jobs are in the order of time; behind the first one there is nothing to be found.
    while (before && before > names[0] && this.isConnected) {
      const page = await api.get('/api/jobs', { query: { before, limit: MOST_IN_PAGE } });
      for (const job of page.data) if (unknown.has(job.id)) store.keepJob(job);
      before = page.next;
    }
  }

  /** Hundreds of jobs change at once; counting them a few times a second is enough. */
  #soon() {
    if (this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.#count();
    }, 200);
  }

  #count() {
    const { run } = this;
    const counts = countsOf(run);
    const words = [t('batch.counts', { done: counts.done, all: counts.all })];
    if (counts.failed) words.push(t('batch.failedCount', { count: counts.failed }));
    const open = counts.all - counts.sent - run.rows.filter((row) => row.error).length;
    if (open > 0) words.push(t(run.stopped ? 'batch.stoppedCount' : 'batch.openCount', { count: open }));
    if (open > 0 && !run.stopped && runs.waits) words.push(t(`batch.waits.${runs.waits}`));
    const text = words.join(' · ');
    if (this.#line.textContent !== text) this.#line.textContent = text;
    const over = counts.done + counts.failed >= counts.all;
    const state = `${over} ${run.stopped} ${counts.pictures.length > 0} ${open > 0}`;
    if (state === this.#tools.dataset.state) return;
    this.#tools.dataset.state = state;
    const tool = (name, key, act, kind = '') => h('button', { type: 'button', class: kind, on: { click: act } },
      icon(name, 18), t(key));
    replace(this.#tools,
      !over && !run.stopped && tool('stop', 'batch.stop', () => runs.stop(run)),
      run.stopped && open > 0 && tool('play', 'batch.resume', () => runs.resume(run), 'primary'),
      counts.pictures.length > 0 && tool('download', 'batch.zip', (event) => this.#zip(event.currentTarget)),
      tool('code', 'batch.csv', () => this.#csv()),
      tool('bin', 'batch.forget', () => this.#forget(), 'quiet'));
  }

  #table() {
    return h('div', { class: 'batch-scroll', tabindex: 0, role: 'region', aria: { label: t('batch.results') } },
      h('table', { class: 'batch-table' },
        h('thead', {}, h('tr', {},
          h('th', { scope: 'col', text: t('batch.number') }),
          h('th', { scope: 'col', text: t('batch.prompt') }),
          h('th', { scope: 'col', text: t('batch.pictures') }))),
        h('tbody', {}, this.run.rows.map((row, index) => h('tr', {},
          h('td', { class: 'muted', text: String(index + 1) }),
          h('td', { class: 'batch-words' },
            h('p', { text: row.request.prompt }), h('p', { class: 'muted small', text: settingsText(row.request) })),
          h('td', {}, cellOf(row)))))));
  }

  #grid() {
    const [across, down] = this.run.axes;
    const rowOf = (y) => this.run.rows.filter((row) => row.y === y);
    const values = down ? down.values : [''];
    return h('div', { class: 'batch-scroll', tabindex: 0, role: 'region', aria: { label: t('batch.results') } },
      h('table', { class: 'batch-grid' },
        h('thead', {}, h('tr', {},
          down ? h('td', { class: 'axis-names', text: `${nameOf(down)} ↓ · ${nameOf(across)} →` }) : null,
          across.values.map((value) => h('th', {
            scope: 'col', text: down ? value : `${nameOf(across)} ${value}`,
          })))),
        h('tbody', {}, values.map((value, y) => h('tr', {},
          down ? h('th', { scope: 'row', text: value }) : null,
          rowOf(y).map((row) => h('td', {}, cellOf(row))))))));
  }

  async #zip(button) {
    const ids = countsOf(this.run).pictures.map((picture) => picture.id);
    button.disabled = true;
    try {
      for (let from = 0; from < ids.length; from += MOST_IN_ZIP) {
        const part = ids.slice(from, from + MOST_IN_ZIP);
        const name = from === 0 ? 'pictures.zip' : `pictures-${from / MOST_IN_ZIP + 1}.zip`;
        save(await api.postBlob('/api/images/zip', { ids: part }), name);
      }
    } catch (error) {
      toastError(error);
    } finally {
      button.disabled = false;
    }
  }

  #csv() {
    const head = ['prompt', 'size', 'seed', 'steps', 'guidance', 'state', 'picture', 'url', 'problem'];
    const lines = this.run.rows.flatMap((row) => {
      const job = store.jobs.get(row.job);
      const drawn = job?.drawing;
      const size = drawn ? `${drawn.width}x${drawn.height}` : row.request.size;
      const own = [row.request.prompt, size];
      const rest = [drawn?.steps ?? row.request.steps, drawn?.guidance ?? row.request.guidance,
        job?.state ?? (row.error ? 'refused' : 'waiting')];
      if (!job?.pictures.length) {
        return [[...own, row.request.seed, ...rest, '', '', row.error ?? job?.failure?.message]];
      }
      return job.pictures.map((picture) => [...own, picture.seed, ...rest, picture.id,
        new URL(picture.url, document.baseURI).href, '']);
    });
    save(new Blob([writeCsv([head, ...lines])], { type: 'text/csv' }), 'results.csv');
  }

  async #forget() {
    const sure = await confirm({
      title: t('batch.forgetTitle'), text: t('batch.forgetText'), yes: t('batch.forget'), danger: true,
    });
    if (sure) runs.forget(this.run);
  }
}

define('glm-batch-results', Results);

function cellOf(row) {
  const cell = h('glm-batch-cell', {});
  cell.row = row;
  return cell;
}

/** The name of an axis as people read it. */
export function nameOf({ field }) {
  return field.startsWith('{') ? field.slice(1, -1) : t(`batch.field.${field}`);
}

function settingsText(request) {
  return Object.entries(request).filter(([name]) => name !== 'prompt')
    .map(([name, value]) => `${name} ${value}`).join(' · ');
}

/** Gives a file to the person. */
function save(blob, name) {
  const url = URL.createObjectURL(blob);
  h('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
