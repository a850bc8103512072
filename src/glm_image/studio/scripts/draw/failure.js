/** Errors in the words of the reader: what happened, and what to do. */
import { currentLanguage, hasWords, t } from '../core/words.js';

/**
 * Why a job came to nothing.
 *
 * @param {string} state
 * @param {{code: string, kind: string, message: string, hint: string|null}|null} failure
 * @returns {{what: string, mend: string|null}}
 */
export function failureWords(state, failure) {
  if (state !== 'failed' || !failure) {
    const mend = `job.${state}.mend`;
    return { what: t(`job.${state}`), mend: hasWords(mend) ? t(mend) : null };
  }
  const key = `failure.${failure.kind}`;
  if (hasWords(key)) {
    const mend = hasWords(`${key}.mend`) ? t(`${key}.mend`) : failure.hint;
    return { what: t(key), mend: joined(mend, detail(failure.message)) };
  }
  return { what: t('job.failed'), mend: joined(failure.message, failure.hint) };
}

/** The service's own words, which are English, are a detail in other languages. */
function detail(message) {
  return currentLanguage() === 'en' ? message : null;
}

function joined(...parts) {
  return parts.filter(Boolean).join(' · ') || null;
}

/**
 * Why a request was refused, and at which control that should be shown.
 *
 * @returns {{field: string|null, text: string, hint: string|null}}
 */
export function refusalWords(error) {
  const field = fieldOf(error.field);
  const key = `refusal.${error.code}`;
  const wait = error.retryAfter ? ` ${t('error.retryAfter', { n: error.retryAfter })}` : '';
  const said = error.hint ? `${error.reason} – ${error.hint}` : error.reason;
  return { field, text: `${hasWords(key) ? t(key) : said}${wait}`, hint: error.hint };
}

const FIELDS = {
  prompt: 'prompt', size: 'size', 'n, size': 'size', width: 'size', height: 'size', n: 'size',
  seed: 'seeds', layout_seed: 'seeds', image: 'references', images: 'references',
  mask: 'references', strength: 'references', steps: 'quality', guidance: 'quality',
  quality: 'quality',
};

function fieldOf(name) {
  const first = String(name ?? '').split('.')[0];
  return FIELDS[name] ?? FIELDS[first] ?? null;
}
