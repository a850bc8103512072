/** What a person has begun to say, kept in this browser until it is sent. */

const PREFIX = 'glm.chat.draft.';
const MOST = 30;

/** @typedef {{text: string, items: object[], options: object}} Draft */

/** The draft of a conversation. @param {string|null} id @returns {Draft} */
export function readDraft(id) {
  let kept = null;
  try {
    kept = JSON.parse(localStorage.getItem(PREFIX + (id ?? 'new')));
  } catch {
    // Blocked or damaged storage counts as empty.
  }
  const items = Array.isArray(kept?.items) ? kept.items.filter(isItem) : [];
  return {
    text: typeof kept?.text === 'string' ? kept.text : '',
    items,
    options: kept?.options && typeof kept.options === 'object' ? kept.options : {},
  };
}

/** Keeps a draft; an empty one is forgotten. @param {string|null} id @param {Draft} draft */
export function writeDraft(id, draft) {
  const name = PREFIX + (id ?? 'new');
  const items = draft.items
    .filter((one) => one.state === 'ready' && !one.automatic)
    .map(({ id: picture, name: title, width, height, url }) => (
      { id: picture, name: title, width, height, url }));
  try {
    if (!draft.text && items.length === 0) {
      localStorage.removeItem(name);
      return;
    }
    localStorage.setItem(name, JSON.stringify({ text: draft.text, items, options: draft.options }));
    forgetOld(name);
  } catch {
    // Without storage it holds until the page is left.
  }
}

function isItem(one) {
  return typeof one?.id === 'string' && typeof one.url === 'string' && one.url.startsWith('/');
}

function forgetOld(newest) {
  const names = Object.keys(localStorage).filter((one) => one.startsWith(PREFIX) && one !== newest);
  for (const name of names.slice(0, Math.max(0, names.length - MOST))) localStorage.removeItem(name);
}
