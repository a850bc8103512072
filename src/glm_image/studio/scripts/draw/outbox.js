/**
 * Requests that were made without a connection. They wait in this browser and are handed in once,
 * by whichever tab comes first: each has a key of its own, with which asking twice draws once.
 */
import { h, icon, replace } from '../core/dom.js';
import { isRefusal } from '../core/api.js';
import { newToken, post } from '../core/actions.js';
import { toast, toastError } from '../core/announce.js';
import { preferences } from '../core/preferences.js';
import { store } from '../core/store.js';
import { t } from '../core/words.js';

const MOST = 50;
let isSending = false;

/** Has a request wait for a connection. */
export function putAside(body, key = newToken()) {
  if (preferences.outbox.some((one) => one.key === key)) return;
  preferences.outbox = [...preferences.outbox, { key, body }].slice(-MOST);
  store.suspect();
  toast(t('outbox.kept'));
}

/** Hands in what waits. */
export async function sendOutbox() {
  if (isSending) return;
  isSending = true;
  try {
    for (const one of preferences.outbox) {
      try {
        await post(one.body, one.key);
      } catch (error) {
        if (error.name === 'OfflineError' || isRefusal(error) || error.status >= 500) return;
        toastError(error);
      }
      drop(one.key);
    }
  } finally {
    isSending = false;
  }
}

function drop(key) {
  preferences.outbox = preferences.outbox.filter((one) => one.key !== key);
}

/** What waits, as a list. */
export class Outbox {
  node = h('ul', { class: 'outbox', aria: { label: t('outbox.label') }, hidden: true });

  constructor() {
    this.update();
  }

  update() {
    const waiting = preferences.outbox;
    this.node.hidden = waiting.length === 0;
    replace(this.node, waiting.map((one) => h('li', {},
      icon('clock', 18),
      h('p', {}, h('strong', { text: t('outbox.waits') }), ` ${String(one.body.prompt)}`),
      h('button', {
        type: 'button', class: 'quiet', text: t('dialog.cancel'),
        on: { click: () => drop(one.key) },
      }))));
  }
}

store.subscribe(({ kind }) => {
  if (kind === 'connection' && store.connection === 'online') sendOutbox();
});
