/** Whether the quoted words stand in a finished picture as they should: the service reads it. */
import { h, icon, replace } from '../core/dom.js';
import { api } from '../core/api.js';
import { toastError } from '../core/announce.js';
import { preferences } from '../core/preferences.js';
import { quotes } from '../core/quotes.js';
import { t } from '../core/words.js';

/** @typedef {{lines: any[], quotes: Array<{text: string, state: 'read'|'misread'|'missing',
 *   found: string|null, box: number[]|null}>}} Reading */

const readings = new Map();
const known = new Map();
const ICONS = { read: 'check', misread: 'warning', missing: 'close' };
/** Once the service says that it cannot read, it is not asked unasked again. */
let isUnable = false;

/** Whether there is anything to check about a picture. */
export function hasWords(prompt) {
  return quotes(prompt).length > 0;
}

/** What the service reads in a picture. @returns {Promise<Reading>} */
export function readPicture(id) {
  if (!readings.has(id)) {
    const work = api.post(`/api/images/${encodeURIComponent(id)}/reading`);
    readings.set(id, work);
    work.catch(() => readings.delete(id));
  }
  return readings.get(id);
}

/** Whether finished pictures are read without being asked. */
export function readsUnasked() {
  return preferences.ocrCheck && !isUnable;
}

/** Shows the quoted words of a picture if it was read before. */
export function showKnown(line, id) {
  if (known.has(id)) show(line, known.get(id));
}

/**
 * Reads a picture and shows its quoted words, each as read, misread or missing.
 *
 * @returns {Promise<boolean>} Whether the service could do it.
 */
export async function readInto(line, id, { asked }) {
  replace(line, h('span', { class: 'muted', role: 'status', text: t('reading.busy') }));
  try {
    const reading = await readPicture(id);
    known.set(id, reading);
    show(line, reading);
    return true;
  } catch (error) {
    replace(line);
    if (asked) toastError(error);
    else isUnable = true;
    return false;
  }
}

function show(line, reading) {
  replace(line, h('ul', { class: 'drawn-words' }, reading.quotes.map((quote) => h('li', {
    class: `drawn-word ${quote.state}`,
    title: quote.found ? t('reading.found', { text: quote.found }) : t(`reading.${quote.state}`),
  },
  icon(ICONS[quote.state], 14),
  quote.text,
  h('span', { class: 'spoken', text: ` ${t(`reading.${quote.state}`)}` }),
  quote.state === 'misread' && quote.found
    ? h('span', { class: 'found', text: t('reading.found', { text: quote.found }) }) : null))));
}
