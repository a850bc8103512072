/** Questions and panels on top of the page; <dialog> keeps the focus in and gives it back. */
import { h, icon, newId } from './dom.js';
import { t } from './words.js';

/**
 * Opens a modal dialog.
 *
 * @param {{title: string, body: Node|((close: (value?: any) => void) => Node),
 *   actions?: Array<{label: string, value?: any, kind?: 'primary'|'danger'|'quiet',
 *     run?: () => any|Promise<any>}>,
 *   wide?: boolean, class?: string}} options `run` of an action may return false to keep the
 *   dialog open; what it returns otherwise is the result, or `value` without `run`.
 * @returns {Promise<any>} The result; null if it was closed.
 */
export function modal({ title, body, actions = [], wide = false, class: kind = '' }) {
  return new Promise((resolve) => {
    const id = newId('dialog');
    let result = null;
    const close = (value = null) => {
      result = value;
      dialog.close();
    };
    const dialog = h('dialog', {
      class: `modal ${wide ? 'wide' : ''} ${kind}`, aria: { labelledby: id },
      on: {
        close: () => {
          dialog.remove();
          resolve(result);
        },
        pointerdown: (event) => {
          if (event.target === dialog && outside(dialog, event)) close();
        },
      },
    },
    h('header', {},
      h('h2', { id, text: title }),
      h('button', {
        type: 'button', class: 'icon-button', aria: { label: t('dialog.close') },
        on: { click: () => close() },
      }, icon('close'))),
    h('div', { class: 'modal-body' }, typeof body === 'function' ? body(close) : body),
    actions.length ? h('footer', {}, actions.map((action) => actionButton(action, close))) : null);
    document.body.append(dialog);
    dialog.showModal();
    dialog.querySelector('[autofocus]')?.focus();
  });
}

function actionButton(action, close) {
  const button = h('button', {
    type: 'button', class: action.kind ?? 'quiet', text: action.label,
    on: {
      click: async () => {
        button.disabled = true;
        try {
          const value = action.run ? await action.run() : action.value ?? true;
          if (value !== false) close(value);
        } finally {
          button.disabled = false;
        }
      },
    },
  });
  return button;
}

function outside(dialog, event) {
  const box = dialog.getBoundingClientRect();
  return event.clientX < box.left || event.clientX > box.right
    || event.clientY < box.top || event.clientY > box.bottom;
}

/**
 * Asks yes or no.
 *
 * @returns {Promise<boolean>}
 */
export async function confirm({ title, text, yes, danger = false }) {
  const answer = await modal({
    title,
    body: h('p', { text }),
    actions: [
      { label: t('dialog.cancel'), value: null, run: () => null },
      { label: yes, kind: danger ? 'danger' : 'primary', value: true },
    ],
  });
  return answer === true;
}
