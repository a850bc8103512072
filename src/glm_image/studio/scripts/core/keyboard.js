/**
 * Keys of the page. Every shortcut is registered here, so that the help shows what there is and
 * people can choose keys of their own.
 */
import { preferences } from './preferences.js';

/**
 * @typedef {{id: string, keys: string, label: () => string, scope?: string, inFields?: boolean,
 *   run: (event: KeyboardEvent) => void}} Shortcut
 *   `keys`: 'f', 'Mod+Enter', 'Shift+d', 'ArrowLeft', 'Escape', '?'; Mod is Ctrl, and ⌘ on a Mac.
 *   `scope`: 'global' or the name of a view. `inFields`: also while a text field has the focus.
 */

const known = new Map();
const MAC = /Mac|iPhone|iPad/.test(navigator.platform);

export const shortcuts = {
  /** Adds a shortcut; what comes back takes it away. @param {Shortcut} shortcut */
  add(shortcut) {
    known.set(shortcut.id, { scope: 'global', inFields: false, ...shortcut });
    return () => {
      if (known.get(shortcut.id)?.run === shortcut.run) known.delete(shortcut.id);
    };
  },
  /** Adds several. */
  addAll(list) {
    const ends = list.map((one) => shortcuts.add(one));
    return () => ends.forEach((end) => end());
  },
  /** All that are in use now, with the keys that people chose. */
  list() {
    return [...known.values()].map((one) => ({ ...one, keys: shortcuts.keysOf(one.id) }));
  },
  /** Keys of a shortcut: chosen ones, else the usual ones. */
  keysOf(id) {
    const chosen = preferences.shortcuts[id];
    return typeof chosen === 'string' && chosen ? chosen : known.get(id)?.keys ?? '';
  },
  /** Chooses other keys; null goes back to the usual ones. */
  choose(id, keys) {
    const chosen = { ...preferences.shortcuts };
    if (keys) chosen[id] = keys;
    else delete chosen[id];
    preferences.shortcuts = chosen;
  },
};

/** The keys of an event, as a shortcut has them; '' while only Shift, Ctrl... is held. */
export function keysOf(event) {
  const { key } = event;
  if (!key || ['Shift', 'Control', 'Alt', 'Meta', 'Dead', 'Process'].includes(key)) return '';
  const parts = [];
  if (MAC ? event.metaKey : event.ctrlKey) parts.push('Mod');
  if (event.altKey) parts.push('Alt');
  const letter = key.length === 1;
  // Shift is a part of signs such as '?', and stands for itself with letters and named keys.
  if (event.shiftKey && (!letter || key.toLowerCase() !== key.toUpperCase())) parts.push('Shift');
  parts.push(letter ? key.toLowerCase() : key);
  return parts.join('+').replace(/\+ $/, '+Space').replace(/^ $/, 'Space');
}

/** Keys as people read them. */
export function keysText(keys) {
  const names = {
    Mod: MAC ? '⌘' : 'Ctrl', Shift: MAC ? '⇧' : 'Shift', Alt: MAC ? '⌥' : 'Alt',
    ArrowLeft: '←', ArrowRight: '→', ArrowUp: '↑', ArrowDown: '↓', Escape: 'Esc',
  };
  const shown = (part) => names[part] ?? (part.length === 1 ? part.toUpperCase() : part);
  return keys.split('+').map(shown);
}

function inField(event) {
  const target = event.composedPath()[0];
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.tagName === 'TEXTAREA' || target.tagName === 'SELECT') {
    return true;
  }
  return target.tagName === 'INPUT' && !/^(checkbox|radio|button|range|submit)$/.test(target.type);
}

window.addEventListener('keydown', (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  const keys = keysOf(event);
  if (!keys) return;
  const modal = document.querySelector('dialog[open]:modal');
  const typing = inField(event);
  // The latest one wins, so that a view may take over keys of the page.
  const fitting = [...known.values()].reverse().filter((one) => shortcuts.keysOf(one.id) === keys);
  for (const one of fitting) {
    if (typing && !one.inFields) continue;
    if (modal && one.scope !== 'dialog') continue;
    event.preventDefault();
    one.run(event);
    return;
  }
});
