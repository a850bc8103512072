/** Words of the page in the language of the reader. */
import { preferences } from './preferences.js';

export const LANGUAGES = ['en', 'zh'];

let language = 'en';
let plural = new Intl.PluralRules('en');
const words = new Map();
const areas = new Set();

/** The language in use: 'en' or 'zh'. */
export function currentLanguage() {
  return language;
}

/** Chooses the language, and loads the words of the given areas and of those loaded before. */
export async function loadWords(...wanted) {
  for (const area of wanted) areas.add(area);
  const next = chosen();
  const loaded = await Promise.all(
    [...areas].map((area) => import(`../words/${next}/${area}.js`)),
  );
  language = next;
  plural = new Intl.PluralRules(next);
  for (const one of loaded) {
    for (const [key, text] of Object.entries(one.default)) words.set(key, text);
  }
  document.documentElement.lang = next === 'zh' ? 'zh-Hans' : 'en';
}

function chosen() {
  const kept = preferences.language;
  if (LANGUAGES.includes(kept)) return kept;
  const wanted = navigator.languages?.length ? navigator.languages : [navigator.language];
  for (const one of wanted) {
    const short = String(one).toLowerCase().split('-')[0];
    if (LANGUAGES.includes(short)) return short;
  }
  return 'en';
}

/**
 * Words for a key. `{name}` takes the place of a parameter; with a parameter `count` the keys
 * `key.one` and `key.other` are tried first, as the language counts.
 *
 * @param {string} key
 * @param {Record<string, any>} [params]
 * @returns {string}
 */
export function t(key, params = {}) {
  const counted = typeof params.count === 'number' ? `${key}.${plural.select(params.count)}` : key;
  const text = words.get(counted) ?? words.get(`${key}.other`) ?? words.get(key);
  if (text === undefined) throw new Error(`no words for ${key} in ${language}`);
  return text.replace(
    /\{(\w+)\}/g, (whole, name) => (name in params ? shown(params[name]) : whole),
  );
}

/** Whether there are words for a key. */
export function hasWords(key) {
  return words.has(key);
}

function shown(value) {
  return typeof value === 'number' ? value.toLocaleString(language) : String(value);
}

/** A moment as people say it: a time today, else a date. @param {number} seconds since 1970 */
export function moment(seconds) {
  const date = new Date(seconds * 1000);
  const today = date.toDateString() === new Date().toDateString();
  const style = today
    ? { hour: '2-digit', minute: '2-digit' }
    : { year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' };
  return new Intl.DateTimeFormat(document.documentElement.lang, style).format(date);
}

/** A number of bytes as people say it. */
export function bytes(count) {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
  const step = count < 1000 ? 0 : Math.min(Math.floor(Math.log10(count) / 3), units.length - 1);
  return new Intl.NumberFormat(language, {
    style: 'unit', unit: units[step], unitDisplay: 'short', maximumFractionDigits: step ? 1 : 0,
  }).format(count / 1000 ** step);
}

/** A number of seconds as people say it. */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return t('time.seconds', { n: whole });
  if (whole < 3600) return t('time.minutes', { n: Math.round(whole / 60) });
  return t('time.hours', { n: Math.round(whole / 360) / 10 });
}
