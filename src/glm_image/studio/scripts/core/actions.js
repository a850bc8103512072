/** What people do to jobs and pictures. The page changes at once and takes it back on an error. */
import { api, stringify } from './api.js';
import { store, hasEnded } from './store.js';
import { preferences } from './preferences.js';
import { go } from './router.js';
import { toast, toastError } from './announce.js';
import { t } from './words.js';

/** @typedef {{prompt: string, model?: string, n?: number, size?: string, quality?: string,
 *   seed?: any, layout_seed?: any, steps?: number, guidance?: number, images?: string[],
 *   mask?: string, strength?: number}} DrawRequest The body of POST /api/jobs. */

/** Requests whose answer never came, by their body: handing one in again gives the same job. */
const unanswered = new Map();

/**
 * Hands a job in. Asking again after a lost connection does not draw twice.
 *
 * @param {DrawRequest} request
 * @returns {Promise<any>} The job.
 */
export async function draw(request) {
  const body = completed(request);
  const written = stringify(body);
  const key = unanswered.get(written) ?? newToken();
  unanswered.set(written, key);
  try {
    const job = await post(body, key);
    unanswered.delete(written);
    return job;
  } catch (error) {
    if (error.name === 'OfflineError') error.requestKey = key;
    else unanswered.delete(written);
    throw error;
  }
}

/** A request with what the settings of the page say. @param {DrawRequest} request */
export function completed(request) {
  return {
    watermark_enabled: preferences.label,
    previews: preferences.showPreviews ? 8 : 0,
    ...request,
  };
}

/** Hands a complete request in under a key; with the same key it is drawn once. */
export async function post(body, key) {
  return store.keepJob(await api.post('/api/jobs', body, { headers: { 'Idempotency-Key': key } }));
}

/** A name for a request. (crypto.randomUUID is missing on plain http of other machines.) */
export function newToken() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `studio-${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** Stops a job. */
export async function cancel(id) {
  try {
    return store.keepJob(await api.delete(`/api/jobs/${encodeURIComponent(id)}`));
  } catch (error) {
    toastError(error);
    return null;
  }
}

/** Stops all jobs of the caller that wait or run. */
export async function cancelAll() {
  try {
    const { cancelled } = await api.delete('/api/jobs');
    await Promise.all(cancelled.map((id) => store.fetchJob(id)));
    toast(t('jobs.cancelled', { count: cancelled.length }));
  } catch (error) {
    toastError(error);
  }
}

/** Draws what a job that came to nothing asked for, as a new job. */
export async function retry(id) {
  try {
    return store.keepJob(await api.post(`/api/jobs/${encodeURIComponent(id)}/retry`));
  } catch (error) {
    toastError(error);
    return null;
  }
}

/** The last change of each picture that is under way. */
const changes = new Map();

/** Sends a change of a picture behind those before it, which it could overtake on its way. */
function inTurn(id, send) {
  const turn = (changes.get(id) ?? Promise.resolve())
    .then(() => send(`/api/images/${encodeURIComponent(id)}`));
  const end = () => {
    if (changes.get(id) === ended) changes.delete(id);
  };
  // Whether it succeeds is for its own caller to say.
  const ended = turn.then(end, end);
  changes.set(id, ended);
  return turn;
}

/** Marks a picture or takes the mark away. @returns {Promise<any>} The picture as it is then. */
export function favourite(picture, on = !picture.favourite) {
  return patch(picture, { favourite: on });
}

/** Gives a picture other tags. @param {string[]} tags */
export function setTags(picture, tags) {
  return patch(picture, { tags });
}

async function patch(picture, change) {
  const before = store.pictures.get(picture.id) ?? picture;
  store.keep([{ ...before, ...change }]);
  try {
    const after = await inTurn(picture.id, (path) => api.patch(path, change));
    keepIfThere(after);
    return after;
  } catch (error) {
    keepIfThere(before);
    toastError(error);
    return before;
  }
}

/** A picture may have been put into the bin while the answer about it was under way. */
function keepIfThere(picture) {
  if (store.pictures.has(picture.id)) store.keep([picture]);
}

/** Puts a picture into the bin, with a way back; true if it is there. */
export async function remove(picture) {
  store.dropPicture(picture.id);
  try {
    await inTurn(picture.id, (path) => api.delete(path));
  } catch (error) {
    store.keep([picture]);
    toastError(error);
    return false;
  }
  toast(t('pictures.removed'), {
    action: { label: t('toast.undo'), run: () => restore(picture) },
  });
  return true;
}

/** Brings a picture back from the bin. */
export async function restore(picture) {
  try {
    const back = await inTurn(picture.id, (path) => api.post(`${path}/restore`));
    store.keep([back]);
    return back;
  } catch (error) {
    toastError(error);
    return null;
  }
}

/**
 * Fills the composer with the settings of a job, a picture, or with settings themselves (the
 * fields of DrawRequest), and goes there.
 *
 * @param {any} source
 * @param {{keepSeed?: boolean, newDetails?: boolean}} [options] `newDetails` keeps the layout's
 *   seed and draws another one for the details.
 */
export async function reuse(source, options = {}) {
  try {
    const { settingsOf, fill } = await import('../draw/draft.js');
    fill(await settingsOf(source), options);
    go('#/');
  } catch (error) {
    toastError(error);
  }
}

/** Whether a job can be tried again. */
export function canRetry(job) {
  return hasEnded(job) && job.state !== 'succeeded';
}
