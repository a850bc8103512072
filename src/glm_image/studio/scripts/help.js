/** The list of keys that are in use. */
import { h } from './core/dom.js';
import { modal } from './core/dialogs.js';
import { keysText, shortcuts } from './core/keyboard.js';
import { hasWords, t } from './core/words.js';

let open = false;

/** Shows the keys of the page and of the view. */
export async function openHelp() {
  if (open) return;
  open = true;
  const scopes = new Map();
  for (const one of shortcuts.list()) {
    scopes.set(one.scope, [...(scopes.get(one.scope) ?? []), one]);
  }
  try {
    await modal({
      title: t('help.title'),
      class: 'help',
      body: (close) => h('div', {},
        [...scopes].map(([scope, list]) => h('section', {},
          h('h3', { text: scopeName(scope) }),
          h('dl', { class: 'keys' }, list.map((one) => [
            h('dt', {}, keysText(one.keys).map((key) => h('kbd', { text: key }))),
            h('dd', { text: one.label() }),
          ])))),
        h('p', {}, h('a', {
          href: '#/settings', text: t('help.change'), on: { click: () => close() },
        }))),
    });
  } finally {
    open = false;
  }
}

function scopeName(scope) {
  if (scope === 'global') return t('help.global');
  return hasWords(`nav.${scope}`) ? t(`nav.${scope}`) : scope;
}
