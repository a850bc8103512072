/** Calls of the service on the same origin; there is no other one. */
import { preferences } from './preferences.js';

/** The service refused or failed: what is wrong, where, and what mends it. */
export class ApiError extends Error {
  constructor(status, detail, { requestId = '', retryAfter = null } = {}) {
    const whole = String(detail.message ?? `HTTP ${status}`);
    // The envelope has the hint in brackets at the end of the message.
    const split = /^(.*\S) \(([^()]*(?:\([^()]*\)[^()]*)*)\)$/s.exec(whole);
    super(whole);
    this.name = 'ApiError';
    this.status = status;
    this.code = String(detail.code ?? status);
    this.reason = split ? split[1] : whole;
    this.hint = split ? split[2] : null;
    this.field = detail.param ?? null;
    this.requestId = requestId;
    this.retryAfter = retryAfter;
  }
}

/** Whether an error says that the service does not take the key. */
export function isRefusal(error) {
  return error instanceof ApiError
    && (error.status === 401 || error.status === 403 || error.code === 'api_key_disabled');
}

/** Nobody answered. */
export class OfflineError extends Error {
  constructor(cause) {
    super('the service cannot be reached', { cause });
    this.name = 'OfflineError';
  }
}

/** @typedef {{id: string, filename: string, mime: string, bytes: number, width: number|null,
 *   height: number|null, created: number, url: string}} Upload */

/** The address of a path of the service, also where a proxy puts it below another path. */
export function address(path, query = null) {
  const url = new URL(path.replace(/^\//, ''), document.baseURI.split('#')[0]);
  for (const [name, value] of Object.entries(query ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) {
      const isGiven = one !== null && one !== undefined && one !== '';
      if (isGiven) url.searchParams.append(name, String(one));
    }
  }
  return url;
}

/** The same file at this origin, whatever name the service has for itself. */
export function local(url) {
  try {
    const found = new URL(url, document.baseURI);
    return /^https?:$/.test(found.protocol) ? found.pathname + found.search : url;
  } catch {
    return '';
  }
}

const ADDRESSES = new Set(['url', 'thumbnail_url']);

/** Reads JSON: numbers too large for JavaScript, such as seeds, stay exact as text. */
export function parse(text) {
  return JSON.parse(text, (key, value, context) => {
    if (ADDRESSES.has(key) && typeof value === 'string') return local(value);
    const isExact = typeof value !== 'number' || Number.isSafeInteger(value);
    return isExact || !/^\d{16,}$/.test(context?.source) ? value : context.source;
  });
}

const SEEDS = new Set(['seed', 'layout_seed']);

/** Writes JSON; seeds that are text with digits only are written as numbers. */
export function stringify(body) {
  const whole = (value) => (typeof value === 'string' && /^\d{1,20}$/.test(value)
    ? (JSON.rawJSON ? JSON.rawJSON(value) : Number(value)) : value);
  return JSON.stringify(body, (key, value) => {
    if (!SEEDS.has(key)) return value;
    return Array.isArray(value) ? value.map(whole) : whole(value);
  });
}

function authorised(headers = {}) {
  const key = preferences.key;
  return key ? { ...headers, Authorization: `Bearer ${key}` } : headers;
}

/** A request with the key; throws ApiError, OfflineError, or the AbortError of its signal. */
export async function request(method, path, { query, body, headers, signal } = {}) {
  let answer;
  try {
    answer = await fetch(address(path, query), {
      method, body, signal, headers: authorised(headers), credentials: 'omit', cache: 'no-store',
    });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new OfflineError(error);
  }
  if (answer.ok) return answer;
  throw await refusal(answer);
}

async function refusal(answer) {
  let detail = {};
  try {
    detail = (await answer.json()).error ?? {};
  } catch {
    // Something between us and the service answered in words of its own.
  }
  const retry = Number(answer.headers.get('retry-after'));
  return new ApiError(answer.status, detail, {
    requestId: answer.headers.get('x-request-id') ?? '',
    retryAfter: Number.isFinite(retry) && retry > 0 ? retry : null,
  });
}

async function json(method, path, options) {
  const answer = await request(method, path, options);
  const text = await answer.text();
  return text ? parse(text) : null;
}

function sent(method, path, body, options = {}) {
  return json(method, path, {
    ...options,
    body: stringify(body ?? {}),
    headers: { 'Content-Type': 'application/json', ...options.headers },
  });
}

export const api = {
  /** @param {{query?: Record<string, any>, signal?: AbortSignal}} [options] */
  get: (path, options) => json('GET', path, options),
  /** @param {{headers?: Record<string, string>, signal?: AbortSignal}} [options] */
  post: (path, body, options) => sent('POST', path, body, options),
  patch: (path, body, options) => sent('PATCH', path, body, options),
  delete: (path, options) => json('DELETE', path, options),
  /** A file of the service. @returns {Promise<Blob>} */
  blob: async (path, options) => (await request('GET', path, options)).blob(),
  /** A POST whose answer is a file, such as a zip. @returns {Promise<Blob>} */
  postBlob: async (path, body) => (await request('POST', path, {
    body: stringify(body), headers: { 'Content-Type': 'application/json' },
  })).blob(),
  /** Sends a form. */
  form: (path, form, options = {}) => json('POST', path, { ...options, body: form }),
  /**
   * Keeps a picture with the service.
   *
   * @param {File|Blob} file
   * @param {{purpose?: string, signal?: AbortSignal}} [options]
   * @returns {Promise<Upload>}
   */
  upload(file, { purpose = 'edit', signal } = {}) {
    const form = new FormData();
    form.append('purpose', purpose);
    form.append('file', file, file.name || 'picture.png');
    return json('POST', '/api/uploads', { body: form, signal });
  },
  /** A stream of server-sent events, to be read by core/events.js. */
  stream: (path, { headers, signal, query } = {}) => request('GET', path, {
    query, signal, headers: { Accept: 'text/event-stream', ...headers },
  }),
};
