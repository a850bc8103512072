/** Short messages: spoken by screen readers, shown at the edge, taken back while they show. */
import { isRefusal } from './api.js';
import { h, icon } from './dom.js';
import { t } from './words.js';

const SHOWN_MS = 6000;
const MOST = 4;

let polite = null;
let assertive = null;
let shelf = null;

function places() {
  if (polite) return;
  polite = h('div', { class: 'spoken', role: 'status', aria: { live: 'polite', atomic: true } });
  assertive = h('div', { class: 'spoken', role: 'alert' });
  shelf = h('div', { class: 'toasts', role: 'region', aria: { label: t('toast.region') } });
  document.body.append(polite, assertive, shelf);
}

/** Says something to screen readers only. */
export function announce(text, { urgent = false } = {}) {
  places();
  const place = urgent ? assertive : polite;
  place.textContent = '';
  // A change in a later task is spoken even if the words are the same as before.
  setTimeout(() => { place.textContent = text; }, 30);
}

/**
 * Shows a message for a while and says it.
 *
 * @param {string} text
 * @param {{kind?: 'note'|'good'|'bad', action?: {label: string, run: () => void}, ms?: number}}
 *   [options] With an action, such as undo, it stays longer; while it is hovered or has the focus
 *   it does not go.
 * @returns {() => void} Takes it away.
 */
export function toast(text, { kind = 'note', action = null, ms = null } = {}) {
  places();
  announce(text, { urgent: kind === 'bad' });
  let timer = 0;
  const close = () => {
    clearTimeout(timer);
    node.remove();
  };
  const hold = () => clearTimeout(timer);
  const start = () => {
    clearTimeout(timer);
    timer = setTimeout(close, ms ?? (action || kind === 'bad' ? SHOWN_MS * 2 : SHOWN_MS));
  };
  const node = h('div', {
    class: `toast ${kind}`,
    on: { pointerenter: hold, pointerleave: start, focusin: hold, focusout: start },
  },
  kind === 'bad' ? icon('warning', 18) : kind === 'good' ? icon('check', 18) : null,
  h('p', { text }),
  action && h('button', {
    type: 'button', class: 'link', text: action.label,
    on: { click: () => { close(); action.run(); } },
  }),
  h('button', {
    type: 'button', class: 'icon-button small', aria: { label: t('toast.close') },
    on: { click: close },
  }, icon('close', 16)));
  shelf.append(node);
  while (shelf.children.length > MOST) shelf.firstElementChild.remove();
  start();
  return close;
}

/** Shows an error of the API, or of the page, in words that say what to do. */
export function toastError(error, options = {}) {
  return toast(errorText(error), { kind: 'bad', ...options });
}

/** What an error says, and what mends it. */
export function errorText(error) {
  if (error?.name === 'OfflineError') return t('error.offline');
  if (error?.name === 'ApiError') {
    if (isRefusal(error) && error.status !== 403) return t('error.key');
    const wait = error.retryAfter ? ` ${t('error.retryAfter', { n: error.retryAfter })}` : '';
    return `${error.message}${wait}`;
  }
  return error?.message ? String(error.message) : t('error.unknown');
}
