/**
 * Batches: what is to be drawn, what was handed in, and handing in the rest. They are kept in this
 * browser; every request has a key of its own, so going on after a reload draws nothing twice.
 */
import { cancel, completed, newToken, post } from '../core/actions.js';
import { isRefusal } from '../core/api.js';
import { hasEnded, store } from '../core/store.js';

const NAME = 'glm.batches';
const MOST = 12;
const PAUSE_MS = 4000;

/**
 * @typedef {object} Run
 * @property {string} id
 * @property {'rows'|'grid'} kind
 * @property {string} title
 * @property {number} created  Seconds since 1970.
 * @property {Array<{request: object, job: string|null, error: string|null, x?: number, y?: number}>} rows
 * @property {Array<{field: string, values: string[]}>} [axes]
 * @property {boolean} stopped
 */

class Runs extends EventTarget {
  /** @type {Run[]} the latest first */
  list = read();
  /** Why the batch that is being handed in waits: 'room', 'offline', or null. */
  waits = null;
  #busy = false;

  constructor() {
    super();
    window.addEventListener('storage', (event) => {
      if (event.key !== NAME || this.#busy) return;
      this.list = read();
      this.#changed();
    });
  }

  /** @param {string|null} id @returns {Run|null} */
  find(id) {
    return this.list.find((one) => one.id === id) ?? null;
  }

  /** Begins a batch. @param {Pick<Run, 'kind'|'title'|'rows'|'axes'>} made @returns {Run} */
  begin(made) {
    const run = { ...made, id: newToken(), created: Date.now() / 1000, stopped: false };
    this.list = [run, ...this.list].slice(0, MOST);
    this.#keep();
    this.work();
    return run;
  }

  /** Hands in what was not handed in yet, one after another. */
  async work() {
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (;;) {
        const run = this.list.findLast((one) => !one.stopped && one.rows.some(isOpen));
        if (!run) return;
        await this.#next(run);
      }
    } finally {
      this.#busy = false;
      this.#wait(null);
    }
  }

  async #next(run) {
    const index = run.rows.findIndex(isOpen);
    const row = run.rows[index];
    try {
      row.job = (await post(completed(row.request), `${run.id}-${index}`)).id;
      this.#wait(null);
    } catch (error) {
      const offline = error.name === 'OfflineError' || error.status === 503;
      if (offline || (error.status === 429 && !isRefusal(error))) {
        if (error.name === 'OfflineError') store.suspect();
        this.#wait(offline ? 'offline' : 'room');
        const pause = error.retryAfter ? error.retryAfter * 1000 : PAUSE_MS;
        await new Promise((resolve) => { setTimeout(resolve, Math.min(pause, 60_000)); });
        return;
      }
      // With another key it goes on.
      if (isRefusal(error)) {
        run.stopped = true;
        this.#keep();
        return;
      }
      row.error = error.message;
    }
    this.#keep();
  }

  /** Hands in nothing more, and stops what is under way. */
  async stop(run) {
    run.stopped = true;
    this.#keep();
    const open = run.rows.filter((row) => row.job && !isOver(row)).map((row) => row.job);
    await Promise.all(open.map((id) => cancel(id)));
    this.#changed();
  }

  /** Goes on with what was stopped. */
  resume(run) {
    run.stopped = false;
    for (const row of run.rows) if (!row.job) row.error = null;
    this.#keep();
    this.work();
  }

  /** Takes a batch off the list; its pictures stay. */
  forget(run) {
    run.stopped = true;
    this.list = this.list.filter((one) => one !== run);
    this.#keep();
  }

  #wait(reason) {
    if (this.waits === reason) return;
    this.waits = reason;
    this.#changed();
  }

  #keep() {
    for (;;) {
      try {
        localStorage.setItem(NAME, JSON.stringify(this.list));
        break;
      } catch {
        // A full storage gives up the oldest batches; a blocked one keeps nothing.
        if (this.list.length <= 1) break;
        this.list = this.list.slice(0, -1);
      }
    }
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}

function isOpen(row) {
  return !row.job && !row.error;
}

function isOver(row) {
  const job = store.jobs.get(row.job);
  return job ? hasEnded(job) : false;
}

/** How far a batch is. @param {Run} run */
export function countsOf(run) {
  const counts = { all: run.rows.length, sent: 0, done: 0, failed: 0, pictures: [] };
  for (const row of run.rows) {
    if (row.job) counts.sent += 1;
    const job = store.jobs.get(row.job);
    if (job?.state === 'succeeded') counts.done += 1;
    if (row.error || (job && hasEnded(job) && job.state !== 'succeeded')) counts.failed += 1;
    if (job) counts.pictures.push(...job.pictures);
  }
  return counts;
}

function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(NAME));
    return Array.isArray(kept) ? kept.filter((one) => Array.isArray(one?.rows)) : [];
  } catch {
    // Blocked or damaged storage counts as empty.
    return [];
  }
}

export const runs = new Runs();
