/**
 * What stands in the composer. It is kept in this browser at every change, so that a reload, a
 * crash or a lost connection costs nobody a word.
 */
import { api } from '../core/api.js';
import { preferences } from '../core/preferences.js';
import { store } from '../core/store.js';
import { readSize, sizeText } from '../core/sizes.js';
import { toast } from '../core/announce.js';
import { t } from '../core/words.js';

/** @typedef {{value: string, locked: boolean}} Seed `value` holds digits; '' is none yet. */

/** Qualities that can be chosen here. */
const QUALITIES = ['low', 'medium', 'high', 'max'];
const SAVE_MS = 250;
/** Seeds that are drawn here: short enough to be read aloud. */
const SEED_BITS = 2 ** 32;

function empty() {
  return {
    prompt: '', model: null, size: 'auto', n: 1, quality: 'high', steps: null, guidance: null,
    strength: null, layout: { value: '', locked: false }, details: { value: '', locked: false },
    references: [], mask: null,
  };
}

const isSeedPair = (value) => typeof value?.value === 'string';

/** What a kept value has to be; others may come from an older page. */
const FITS = {
  references: Array.isArray,
  quality: (value) => QUALITIES.includes(value),
  layout: isSeedPair,
  details: isSeedPair,
};

/** The values of a draft that have the right type. */
function tidy(values) {
  const usual = empty();
  return Object.fromEntries(Object.entries(values ?? {}).filter(([name, value]) => {
    if (!(name in usual)) return false;
    if (FITS[name]) return FITS[name](value);
    return usual[name] === null || typeof value === typeof usual[name];
  }));
}

class Draft extends EventTarget {
  #values = { ...empty(), ...tidy(preferences.draft) };
  #timer = 0;

  constructor() {
    super();
    // Only what is new here: another tab may have kept something else meanwhile.
    window.addEventListener('pagehide', () => {
      if (this.#timer) this.save();
    });
  }

  get values() {
    return this.#values;
  }

  /** Changes some values, and tells the listeners of 'change' who did it. */
  set(change, from = null) {
    this.#values = { ...this.#values, ...change };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.save(), SAVE_MS);
    this.dispatchEvent(new CustomEvent('change', { detail: { change, from } }));
  }

  /** Puts other values in the place of all. */
  fill(values) {
    this.set({ ...empty(), ...tidy(values) });
  }

  save() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    // A mask is a picture, too large for what browsers keep.
    preferences.draft = { ...this.#values, mask: null };
  }
}

export const draft = new Draft();

/** A new seed. */
export function newSeed() {
  return String(crypto.getRandomValues(new Uint32Array(1))[0] % SEED_BITS);
}

/** Whether a text is a seed: digits, up to 64 bits. */
export function isSeed(text) {
  return /^\d{1,20}$/.test(text) && BigInt(text) < 2n ** 64n;
}

/**
 * What POST /api/jobs is sent for a draft. Unlocked seeds are drawn here, so that the page knows
 * them; a locked one holds for all pictures of the request, unless both are.
 */
export function requestOf(values) {
  const { n } = values;
  const request = { prompt: values.prompt, n };
  if (values.model) request.model = values.model;
  if (values.size !== 'auto' || !values.references.length) request.size = values.size;
  if (values.steps) request.steps = values.steps;
  else request.quality = values.quality;
  if (values.guidance !== null) request.guidance = values.guidance;
  if (values.references.length) {
    request.images = values.references.map((one) => one.id);
    if (values.strength !== null) request.strength = values.strength;
    if (values.mask) request.mask = values.mask;
  }
  return { ...request, ...seedsOf(values.layout, values.details, n) };
}

/** Fields `seed` and `layout_seed` of a request. @param {Seed} layout @param {Seed} details */
export function seedsOf(layout, details, n) {
  const many = (make) => Array.from({ length: n }, (_, index) => make(index));
  if (!layout.locked && !details.locked) return { seed: many(newSeed) };
  if (layout.locked && details.locked) {
    const first = BigInt(details.value);
    const seed = many((index) => String((first + BigInt(index)) % 2n ** 64n));
    const same = layout.value === details.value && n === 1;
    return same ? { seed } : { seed, layout_seed: many(() => layout.value) };
  }
  return layout.locked
    ? { seed: many(newSeed), layout_seed: many(() => layout.value) }
    : { seed: many(() => details.value), layout_seed: many(newSeed) };
}

/**
 * Settings of a job, a picture, or an object with the fields of a request or of a picture file.
 *
 * @returns {Promise<object>} Values of a draft.
 */
export async function settingsOf(source) {
  if (source?.drawing) return fromDrawing(source.drawing, 0, source.drawing.seeds.length);
  if (source?.job_id) return fromPicture(source);
  return fromFields(source ?? {});
}

async function fromPicture(picture) {
  const job = store.jobs.get(picture.job_id)
    ?? await store.fetchJob(picture.job_id).catch((error) => {
      if (error.status === 404) return null;
      throw error;
    });
  if (job) return fromDrawing(job.drawing, picture.index, 1);
  return fromFields({ ...picture, size: sizeText(picture), images: picture.parents });
}

async function fromDrawing(drawing, index, n) {
  if (drawing.masked || drawing.parents.length < drawing.sources) toast(t('draft.sourcesLeft'));
  const details = String(drawing.seeds[index]);
  return {
    prompt: drawing.prompt, model: drawing.model, size: sizeText(drawing), n: Math.min(n, 4),
    steps: drawing.steps, guidance: drawing.guidance, strength: drawing.strength,
    details: { value: details, locked: true },
    layout: { value: String(drawing.layout_seeds?.[index] ?? details), locked: true },
    references: await picturesOf(drawing.parents),
  };
}

async function fromFields(fields) {
  const size = readSize(fields.size) ?? (fields.width && fields.height ? fields : null);
  const first = (value) => (Array.isArray(value) ? value[0] : value);
  const details = String(first(fields.seed) ?? '');
  const layout = String(first(fields.layout_seed) ?? details);
  return {
    prompt: String(fields.prompt ?? ''),
    model: store.models.some((model) => model.id === fields.model) ? fields.model : null,
    size: size ? sizeText(size) : 'auto',
    n: Math.min(Math.max(Number(fields.n) || 1, 1), 4),
    quality: QUALITIES.includes(fields.quality) ? fields.quality : 'high',
    steps: Number(fields.steps ?? fields.num_inference_steps) || null,
    guidance: numberOr(fields.guidance ?? fields.guidance_scale),
    strength: numberOr(fields.strength),
    details: { value: isSeed(details) ? details : '', locked: isSeed(details) },
    layout: { value: isSeed(layout) ? layout : '', locked: isSeed(layout) },
    references: await picturesOf(fields.images ?? fields.parents ?? []),
  };
}

function numberOr(value) {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** Pictures and uploads of the service as references; those that are gone are left out. */
async function picturesOf(ids) {
  const found = await Promise.all(ids.map(async (id) => {
    if (typeof id !== 'string') return id;
    const known = store.pictures.get(id);
    if (known) return known;
    const path = id.startsWith('file_') ? '/api/uploads/' : '/api/images/';
    return api.get(`${path}${encodeURIComponent(id)}`).catch((error) => {
      if (error.status === 404) return null;
      throw error;
    });
  }));
  return found.filter(Boolean).map(({ id, url, width, height, prompt, filename }) => ({
    id, url, width, height, name: filename ?? prompt ?? id,
  }));
}

/**
 * Puts settings into the composer.
 *
 * @param {{keepSeed?: boolean, newDetails?: boolean}} options Seeds stay locked unless
 *   `keepSeed` is false; `newDetails` keeps that of the layout only.
 */
export function fill(settings, { keepSeed = true, newDetails = false } = {}) {
  const values = { ...settings };
  const open = (seed) => ({ value: seed?.value ?? '', locked: false });
  if (newDetails) {
    values.details = open(values.details);
  } else if (!keepSeed) {
    values.layout = open(values.layout);
    values.details = open(values.details);
  }
  draft.fill(values);
  draft.save();
}

/** The request that draws what a job drew, with other seeds. */
export function requestAgain(drawing) {
  const n = Math.min(drawing.seeds.length, 10);
  const open = { value: '', locked: false };
  return { ...bare(drawing), n, ...seedsOf(open, open, n) };
}

/** The request that draws a finished picture again with one of its seeds, or none, kept. */
export function variation(picture, drawing, keep) {
  const details = { value: String(picture.seed), locked: keep === 'details' };
  const layout = {
    value: String(picture.layout_seed ?? picture.seed), locked: keep === 'layout',
  };
  return { ...bare(drawing), n: 1, ...seedsOf(layout, details, 1) };
}

/** A drawing as a request, without seeds and count. */
function bare(drawing) {
  const request = {
    prompt: drawing.prompt, model: drawing.model, size: sizeText(drawing),
    steps: drawing.steps, guidance: drawing.guidance, output_format: drawing.output_format,
  };
  for (const name of ['temperature', 'top_p', 'top_k']) {
    if (drawing[name] !== null) request[name] = drawing[name];
  }
  if (!drawing.sources) return request;
  // Uploads and masks are not told by the service, so that the same edit cannot be asked for.
  if (drawing.masked || drawing.parents.length !== drawing.sources) {
    throw new Error(t('draft.sourcesUnknown'));
  }
  request.images = drawing.parents;
  if (drawing.strength !== null) request.strength = drawing.strength;
  return request;
}
