/**
 * What this browser remembers. `preferences.theme` reads, `preferences.theme = 'dark'` keeps;
 * a value of another type than the default's counts as absent.
 */
const DEFAULTS = {
  /** 'system' | 'light' | 'dark' */
  theme: 'system',
  /** 'system' | 'en' | 'zh' */
  language: 'system',
  /** Sent as Authorization: Bearer; empty for none. */
  key: '',
  /** What stands in the composer: see draw/draft.js. */
  draft: {},
  /** Keys that were changed: id of a shortcut -> keys. */
  shortcuts: {},
  showPreviews: true,
  /** Whether finished pictures are read to check the quoted words. */
  ocrCheck: false,
  /** Whether new pictures carry the visible label. */
  label: true,
  /** Tags pinned in the gallery's sidebar. */
  boards: [],
  /** Ids of jobs whose card was put away. */
  hiddenJobs: [],
  /** Requests that wait for a connection: see draw/outbox.js. */
  outbox: [],
};

const PREFIX = 'glm.';
const listeners = new Set();
const unkept = new Map();

function sameKind(value, example) {
  if (Array.isArray(example)) return Array.isArray(value);
  return typeof value === typeof example && value !== null && !Array.isArray(value);
}

function read(name) {
  if (unkept.has(name)) return unkept.get(name);
  let kept = null;
  try {
    kept = JSON.parse(localStorage.getItem(PREFIX + name));
  } catch {
    // Blocked or damaged storage counts as empty.
  }
  return sameKind(kept, DEFAULTS[name]) ? kept : structuredClone(DEFAULTS[name]);
}

function write(name, value) {
  if (!sameKind(value, DEFAULTS[name])) throw new TypeError(`preferences.${name}`);
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
    unkept.delete(name);
  } catch {
    // Without storage, or with a full one, it holds until the page is left.
    unkept.set(name, value);
  }
  for (const listener of listeners) listener(name);
}

/** @type {typeof DEFAULTS} */
export const preferences = Object.defineProperties(
  {},
  Object.fromEntries(Object.keys(DEFAULTS).map((name) => [
    name,
    { get: () => read(name), set: (value) => write(name, value), enumerable: true },
  ])),
);

/** Calls a listener with the name of every preference that changes, in this tab or another. */
export function onPreference(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Puts everything back, the key included. */
export function forgetPreferences() {
  for (const name of Object.keys(DEFAULTS)) {
    unkept.delete(name);
    try {
      localStorage.removeItem(PREFIX + name);
    } catch {
      // There is nothing to forget where nothing can be kept.
    }
    for (const listener of listeners) listener(name);
  }
}

window.addEventListener('storage', (event) => {
  const name = event.key?.startsWith(PREFIX) ? event.key.slice(PREFIX.length) : null;
  if (name in DEFAULTS) for (const listener of listeners) listener(name);
});
