/** Asking for the key of the service. */
import { h, newId } from './core/dom.js';
import { modal } from './core/dialogs.js';
import { address } from './core/api.js';
import { preferences } from './core/preferences.js';
import { t } from './core/words.js';

/** Asks for a key, tries it, and keeps it if the service takes it. */
export async function openKey() {
  const id = newId('key');
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true });
  const field = h('input', {
    id, type: 'password', autocomplete: 'off', spellcheck: 'false', autofocus: true,
    placeholder: 'gi_…', value: preferences.key,
    on: { keydown: (event) => { if (event.key === 'Enter') done.click(); } },
  });
  let done = null;
  const result = modal({
    title: t('key.title'),
    body: h('div', { class: 'stack' },
      h('p', { text: t('key.text') }),
      h('label', { for: id, text: t('key.label') }), field, problem),
    actions: [{
      label: t('key.save'), kind: 'primary',
      run: async () => {
        const reason = await refusalOf(field.value.trim());
        if (reason === null) {
          preferences.key = field.value.trim();
          return true;
        }
        problem.textContent = t('key.wrong', { reason });
        problem.hidden = false;
        field.focus();
        return false;
      },
    }],
  });
  done = document.querySelector('dialog[open] footer .primary');
  return result;
}

/** Why the service does not take a key; null if it does. */
async function refusalOf(key) {
  try {
    const headers = key ? { Authorization: `Bearer ${key}` } : {};
    const answer = await fetch(address('/v1/models'), { headers, credentials: 'omit' });
    if (answer.ok) return null;
    return (await answer.json()).error?.message ?? `HTTP ${answer.status}`;
  } catch {
    return t('error.offline');
  }
}
