/**
 * What the page knows: jobs, pictures, models, and whether the service can be reached. Events are
 * applied in the order of their numbers; what they do not say is fetched.
 */
import { api, isRefusal } from './api.js';
import { EventLine } from './events.js';

/** Most jobs that are fetched at the start; older ones are found in the gallery. */
const PAGE = 60;
const ENDED = new Set(['succeeded', 'failed', 'cancelled', 'expired']);

/** @typedef {{kind: 'job'|'picture'|'connection'|'models', id: string|null}} Change */

/** Whether nothing follows for a job. */
export function hasEnded(job) {
  return ENDED.has(job.state);
}

class Store {
  /** @type {Map<string, any>} id -> JobAnswer with `previews` (index -> blob URL), `codes` (index
   *  -> Map place -> code), `grid` ([rows, columns] of them), `progress` ({stage, done, total})
   *  and `estimatedAt` (when `eta_seconds` was said). */
  jobs = new Map();
  /** @type {Map<string, any>} id -> PictureAnswer, of jobs and of whatever `keep` was given. */
  pictures = new Map();
  /** @type {any[]} ModelAnswer, the default one first. */
  models = [];
  /** 'connecting' until the first answer. @type {'connecting'|'online'|'offline'|'denied'} */
  connection = 'connecting';
  /** Why the connection is as it is. @type {Error|null} */
  connectionError = null;
  /** Whether the jobs of the service were fetched once. */
  isFilled = false;

  #listeners = new Set();
  #line = new EventLine((event) => this.#apply(event), (state, error) => this.#heard(state, error));
  #fetching = new Map();
  #outdated = new Set();
  #filling = null;

  /** Connects. */
  start() {
    this.#line.start();
  }

  /** Forgets everything and connects again, such as with another key. */
  restart() {
    for (const job of this.jobs.values()) this.#dropPreviews(job);
    this.jobs.clear();
    this.pictures.clear();
    this.models = [];
    this.isFilled = false;
    this.#setConnection('connecting', null);
    this.#line.start();
  }

  /** Tries to connect now. */
  reconnect() {
    if (this.connection === 'denied') this.#line.start();
    else this.#line.hurry();
  }

  /** Looks whether the service is still there, as something else got no answer. */
  suspect() {
    if (this.connection === 'online') this.#line.suspect();
  }

  /** Calls a listener with every change. @param {(change: Change) => void} listener */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Jobs, the latest first. */
  jobList() {
    return [...this.jobs.values()].sort((a, b) => b.created - a.created || (a.id < b.id ? 1 : -1));
  }

  /** The model of a name, or the default one. */
  model(name = null) {
    return this.models.find((model) => model.id === name) ?? this.models[0] ?? null;
  }

  /** Takes in an answer about a job, unless something newer is known. */
  keepJob(answer) {
    const known = this.jobs.get(answer.id);
    if (known && answer.seq < known.seq) return known;
    if (known && answer.attempt !== known.attempt) this.#forgetAttempt(known);
    const job = {
      ...answer,
      previews: known?.previews ?? new Map(),
      codes: known?.codes ?? new Map(),
      grid: known?.grid ?? null,
      progress: progressOf(answer, known),
      notes: answer.notes.length ? answer.notes : known?.notes ?? [],
      pictures: ENDED.has(answer.state) || !known
        ? answer.pictures : together(known.pictures, answer.pictures),
      estimatedAt: Date.now() / 1000,
    };
    if (hasEnded(job)) this.#dropPreviews(job);
    this.jobs.set(job.id, job);
    this.keep(job.pictures);
    this.#tell('job', job.id);
    return job;
  }

  /** Takes in pictures from an answer. @param {any[]} pictures */
  keep(pictures) {
    for (const picture of pictures) {
      this.pictures.set(picture.id, picture);
      const job = this.jobs.get(picture.job_id);
      if (job) job.pictures = together(job.pictures, [picture]);
      this.#tell('picture', picture.id);
    }
    return pictures;
  }

  /** Notes that a picture is gone. */
  dropPicture(id) {
    const job = this.jobs.get(this.pictures.get(id)?.job_id);
    if (job) job.pictures = job.pictures.filter((picture) => picture.id !== id);
    this.pictures.delete(id);
    this.#tell('picture', id);
    if (job) this.#tell('job', job.id);
  }

  /** Fetches a job. */
  async fetchJob(id) {
    if (!this.#fetching.has(id)) {
      const work = api.get(`/api/jobs/${encodeURIComponent(id)}`)
        .then((answer) => this.keepJob(answer));
      this.#fetching.set(id, work.finally(() => {
        this.#fetching.delete(id);
        if (this.#outdated.delete(id)) this.#refetch(id);
      }));
    }
    return this.#fetching.get(id);
  }

  /** A picture, fetched if it is not known. */
  async fetchPicture(id) {
    const picture = await api.get(`/api/images/${encodeURIComponent(id)}`);
    this.keep([picture]);
    return picture;
  }

  async #fill() {
    const [models, jobs] = await Promise.all([
      api.get('/v1/models'),
      api.get('/api/jobs', { query: { limit: PAGE } }),
    ]);
    this.models = models.data;
    this.#tell('models', null);
    const listed = new Set(jobs.data.map((job) => job.id));
    for (const job of jobs.data) this.keepJob(job);
    // What was under way and is on no list any more has to be asked for one by one.
    for (const job of this.jobs.values()) {
      if (!hasEnded(job) && !listed.has(job.id)) this.#refetch(job.id);
    }
    this.isFilled = true;
  }

  #heard(state, error = null) {
    if (state !== 'open') {
      this.#setConnection(state === 'denied' ? 'denied' : 'offline', error);
      return;
    }
    this.#filling = this.#fill().then(
      () => this.#setConnection('online', null),
      (problem) => this.#setConnection(isRefusal(problem) ? 'denied' : 'offline', problem),
    );
  }

  #setConnection(connection, error) {
    this.connectionError = error;
    this.connection = connection;
    this.#tell('connection', null);
  }

  #apply(event) {
    const job = this.jobs.get(event.job_id);
    if (!job) {
      this.#refetch(event.job_id);
      return;
    }
    if (event.kind === 'preview') {
      this.#preview(job, event.data);
      return;
    }
    if (event.seq <= job.seq) return;
    const gap = event.seq > job.seq + 1;
    job.seq = event.seq;
    if (event.kind === 'progress') this.#progress(job, event.data);
    if (event.kind === 'picture') this.#picture(job, event.data);
    if (event.kind === 'state' || (gap && event.kind !== 'progress')) this.#refetch(job.id);
    if (event.kind === 'state') this.#others();
    this.#tell('job', job.id);
  }

  #progress(job, data) {
    job.state = 'running';
    job.stage = data.stage;
    job.done = data.done;
    job.total = data.total;
    job.position = null;
    job.progress = { stage: data.stage, done: data.done, total: data.total };
    // A preview with a grid of its own comes before the large raster.
    if (data.grid && String(data.grid) !== String(job.grid)) job.codes = new Map();
    job.grid = data.grid ?? job.grid;
    for (const part of data.codes ?? []) {
      const codes = job.codes.get(part.index) ?? new Map();
      part.codes.forEach((code, place) => codes.set(part.start + place, code));
      job.codes.set(part.index, codes);
    }
  }

  #picture(job, picture) {
    job.pictures = together(job.pictures, [picture]);
    this.#dropPreview(job, picture.index);
    this.keep([picture]);
  }

  #preview(job, data) {
    if (hasEnded(job) || job.pictures.some((picture) => picture.index === data.index)) return;
    this.#dropPreview(job, data.index);
    const binary = Uint8Array.from(atob(data.image), (sign) => sign.charCodeAt(0));
    job.previews.set(data.index, URL.createObjectURL(new Blob([binary], { type: data.mime })));
    this.#tell('job', job.id);
  }

  /** Positions of waiting jobs change when another one starts or ends. */
  #others() {
    for (const job of this.jobs.values()) if (job.state === 'queued') this.#refetch(job.id);
  }

  #refetch(id) {
    // What is on its way may be older than the event that asks for it.
    if (this.#fetching.has(id)) {
      this.#outdated.add(id);
      return;
    }
    this.fetchJob(id).catch((error) => {
      if (error.status === 404) {
        this.jobs.delete(id);
        this.#tell('job', id);
      } else if (error.name === 'OfflineError') {
        this.#setConnection('offline', error);
      }
    });
  }

  /** What was shown of an attempt that came to nothing. */
  #forgetAttempt(job) {
    this.#dropPreviews(job);
    job.codes = new Map();
    job.progress = null;
  }

  #dropPreview(job, index) {
    const url = job.previews.get(index);
    if (!url) return;
    job.previews.delete(index);
    // An <img> that shows it may still be reading it.
    setTimeout(() => URL.revokeObjectURL(url), 2000);
  }

  #dropPreviews(job) {
    for (const index of [...job.previews.keys()]) this.#dropPreview(job, index);
  }

  #tell(kind, id) {
    for (const listener of [...this.#listeners]) listener({ kind, id });
  }
}

function progressOf(answer, known) {
  if (answer.state !== 'running' || !answer.stage) return null;
  if (known?.progress && known.seq >= answer.seq) return known.progress;
  return { stage: answer.stage, done: answer.done, total: answer.total };
}

/** Pictures of both lists, by their place in the job; the latter list wins. */
function together(first, second) {
  const found = new Map([...first, ...second].map((picture) => [picture.index, picture]));
  return [...found.values()].sort((a, b) => a.index - b.index);
}

export const store = new Store();
