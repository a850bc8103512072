/** Keys of the page, and choosing others. */
import { h, icon, replace } from '../core/dom.js';
import { announce, toast } from '../core/announce.js';
import { keysOf, keysText, shortcuts } from '../core/keyboard.js';
import { preferences } from '../core/preferences.js';
import { t } from '../core/words.js';

/** Keys that the browser or assistive technology needs for itself. */
const TAKEN = new Set(['Tab', 'Shift+Tab', 'Enter', 'Space', 'Mod+w', 'Mod+t', 'Mod+r', 'Mod+l']);

/**
 * The list of shortcuts that are in use now.
 *
 * @param {{listen: Function}} owner Element whose life the listeners share.
 */
export function shortcutList(owner) {
  const list = h('ul', { class: 'shortcuts' });
  let waiting = null;

  const paint = () => {
    const held = document.activeElement?.dataset?.shortcut;
    replace(list, shortcuts.list().map((one) => row(one, one.id === waiting, {
      ask: () => {
        waiting = one.id;
        announce(t('settings.shortcuts.press', { name: one.label() }));
        paint();
      },
      reset: () => {
        shortcuts.choose(one.id, null);
        paint();
      },
    })));
    const next = waiting ?? held;
    if (next) list.querySelector(`[data-shortcut="${CSS.escape(next)}"]`)?.focus();
  };

  const take = (event) => {
    if (waiting === null) return;
    const keys = keysOf(event);
    if (!keys) return;
    event.preventDefault();
    event.stopPropagation();
    const id = waiting;
    if (keys !== 'Escape') {
      const problem = objection(id, keys);
      if (problem) {
        toast(problem, { kind: 'bad' });
        return;
      }
      shortcuts.choose(id, keys);
    }
    waiting = null;
    paint();
  };

  owner.listen(window, 'keydown', take, { capture: true });
  owner.listen(list, 'focusout', (event) => {
    if (waiting !== null && !list.contains(event.relatedTarget) && event.relatedTarget) {
      waiting = null;
      paint();
    }
  });
  paint();
  return list;
}

/** Why a shortcut cannot have some keys; null if it can. */
function objection(id, keys) {
  if (TAKEN.has(keys)) return t('settings.shortcuts.taken', { keys: keysText(keys).join(' ') });
  const mine = shortcuts.list().find((one) => one.id === id);
  const other = shortcuts.list().find((one) => one.id !== id && one.keys === keys
    && (one.scope === mine.scope || one.scope === 'global' || mine.scope === 'global'));
  return other ? t('settings.shortcuts.used', { name: other.label() }) : null;
}

function row(one, isWaiting, run) {
  const changed = Boolean(preferences.shortcuts[one.id]);
  return h('li', {},
    h('span', { text: one.label() }),
    h('button', {
      type: 'button', class: isWaiting ? 'keys-button waiting' : 'keys-button',
      data: { shortcut: one.id },
      aria: { label: t('settings.shortcuts.change', { name: one.label(), keys: keysText(one.keys).join(' ') }) },
      on: { click: run.ask },
    }, isWaiting ? t('settings.shortcuts.waiting')
      : keysText(one.keys).map((key) => h('kbd', { text: key }))),
    h('button', {
      type: 'button', class: 'icon-button', disabled: !changed,
      aria: { label: t('settings.shortcuts.reset', { name: one.label() }) },
      on: { click: run.reset },
    }, icon('undo', 18)));
}
