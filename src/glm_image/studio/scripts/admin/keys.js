/** Who may ask, and how much of it: keys are made, shown once, replaced and taken back. */
import { h, icon, newId, replace } from '../core/dom.js';
import { api } from '../core/api.js';
import { toast, toastError } from '../core/announce.js';
import { confirm, modal } from '../core/dialogs.js';
import { preferences } from '../core/preferences.js';
import { moment, t } from '../core/words.js';
import { panel, renew, table } from './figures.js';

const SCOPES = ['generate', 'read', 'admin'];
const LIMITS = [['concurrent', 'open_jobs'], ['per_minute', 'jobs_of_minute'], ['per_day', 'pictures_of_day']];
const DAY = 86400;

/**
 * @param {{changed: () => void}} run
 * @returns {{node: HTMLElement, show: (list: object) => void}}
 */
export function keysPanel({ changed }) {
  let known = null;
  const add = h('button', {
    type: 'button', on: { click: () => create(known, changed) },
  }, icon('add', 18), t('admin.keys.new'));
  const { node, body } = panel(t('admin.keys'), { action: add, class: 'wide' });
  return {
    node,
    show(list) {
      known = list;
      renew(body,
        list.needed ? null : h('p', { class: 'muted', text: t('admin.keys.open') }),
        list.data.length ? rows(list, changed) : null);
    },
  };
}

function rows(list, changed) {
  const order = [...list.data].sort((a, b) => Number(ended(a)) - Number(ended(b)));
  return table(t('admin.keys'),
    [t('admin.keys.name'), t('admin.keys.may'), t('admin.keys.use'), t('admin.keys.used'),
      t('admin.keys.until'), ''],
    order.map((key) => [
      h('div', { class: ended(key) ? 'muted' : '' },
        h('span', { text: key.name }), ' ', h('code', { class: 'small', text: `gi_${key.id}` })),
      key.scopes.map((scope) => t(`admin.scope.${scope}`)).join(', '),
      use(key, list.defaults),
      key.used === null ? t('admin.never') : moment(key.used),
      until(key),
      ended(key) ? '' : actions(key, changed),
    ]));
}

function ended(key) {
  return key.revoked !== null || (key.expires !== null && key.expires * 1000 <= Date.now());
}

function until(key) {
  if (key.revoked !== null) return t('admin.revoked', { when: moment(key.revoked) });
  if (key.expires === null) return t('admin.forever');
  return t(ended(key) ? 'admin.ended' : 'admin.ends', { when: moment(key.expires) });
}

function use(key, defaults) {
  return h('ul', { class: 'quotas' }, LIMITS.map(([limit, count]) => {
    const most = key.limits[limit] ?? defaults[limit];
    const text = most === null ? String(key.use[count])
      : t('admin.of', { n: key.use[count], most });
    return h('li', {}, h('span', { class: 'muted', text: t(`admin.limit.${limit}`) }), ' ', text);
  }));
}

function actions(key, changed) {
  return h('div', { class: 'row' },
    h('button', {
      type: 'button', class: 'quiet', data: { keep: `rotate-${key.id}` },
      aria: { label: t('admin.rotate.one', { name: key.name }) },
      on: { click: () => rotate(key, changed) },
    }, icon('retry', 18), t('admin.rotate')),
    h('button', {
      type: 'button', class: 'quiet', data: { keep: `revoke-${key.id}` },
      aria: { label: t('admin.revoke.one', { name: key.name }) },
      on: { click: () => revoke(key, changed) },
    }, icon('bin', 18), t('admin.revoke')));
}

async function revoke(key, changed) {
  const own = preferences.key.startsWith(`gi_${key.id}.`);
  const sure = await confirm({
    title: t('admin.revoke.title', { name: key.name }),
    text: t(own ? 'admin.revoke.own' : 'admin.revoke.text'), yes: t('admin.revoke'), danger: true,
  });
  if (!sure) return;
  try {
    await api.delete(`/api/admin/keys/${encodeURIComponent(key.id)}`);
    toast(t('admin.revoke.done', { name: key.name }), { kind: 'good' });
  } catch (error) {
    toastError(error);
  }
  changed();
}

async function rotate(key, changed) {
  const own = preferences.key.startsWith(`gi_${key.id}.`);
  const sure = await confirm({
    title: t('admin.rotate.title', { name: key.name }), text: t('admin.rotate.text'),
    yes: t('admin.rotate'),
  });
  if (!sure) return;
  try {
    const made = await api.post(`/api/admin/keys/${encodeURIComponent(key.id)}/rotate`, {});
    if (own) preferences.key = made.token;
    await showToken(made);
  } catch (error) {
    toastError(error);
  }
  changed();
}

async function create(known, changed) {
  const first = !known?.needed;
  const form = keyForm(first);
  const made = await modal({
    title: t('admin.keys.new'),
    body: form.node,
    actions: [
      { label: t('dialog.cancel'), run: () => null },
      { label: t('admin.keys.make'), kind: 'primary', run: () => form.send() },
    ],
  });
  if (!made) return;
  // From the first key on everybody needs one, this page as well.
  if (first && made.key.scopes.includes('admin')) preferences.key = made.token;
  await showToken(made);
  changed();
}

function keyForm(first) {
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true });
  const name = field(t('admin.keys.name'), { maxlength: 100, autofocus: true, autocomplete: 'off' });
  const days = field(t('admin.keys.days'), {
    type: 'number', min: 1, max: 3650, inputmode: 'numeric', placeholder: t('admin.forever'),
  });
  const limits = LIMITS.map(([limit]) => [limit, field(t(`admin.limit.${limit}.long`), {
    type: 'number', min: 1, max: 1000000, inputmode: 'numeric', placeholder: t('admin.usual'),
  })]);
  const scopes = SCOPES.map((scope) => {
    const input = h('input', {
      type: 'checkbox', checked: first ? true : scope !== 'admin', value: scope,
    });
    return { input, node: h('label', { class: 'check' }, input, t(`admin.scope.${scope}.long`)) };
  });
  const node = h('div', { class: 'stack' },
    first ? h('p', { class: 'admin-paused', text: t('admin.keys.first') }) : null,
    name.node,
    h('fieldset', {}, h('legend', { class: 'label', text: t('admin.keys.may') }),
      scopes.map((one) => one.node)),
    h('div', { class: 'admin-fields' }, limits.map(([, one]) => one.node), days.node),
    problem);
  const refuse = (text, input) => {
    problem.textContent = text;
    problem.hidden = false;
    input?.focus();
    return false;
  };
  return {
    node,
    async send() {
      const chosen = scopes.filter((one) => one.input.checked).map((one) => one.input.value);
      if (!name.input.value.trim()) return refuse(t('admin.keys.nameless'), name.input);
      if (!chosen.length) return refuse(t('admin.keys.powerless'), scopes[0].input);
      const bad = [...limits.map(([, one]) => one), days].find((one) => !one.input.validity.valid);
      if (bad) return refuse(bad.input.validationMessage, bad.input);
      const body = { name: name.input.value.trim(), scopes: chosen };
      for (const [limit, one] of limits) if (one.input.value) body[limit] = Number(one.input.value);
      if (days.input.value) body.expires_in = Number(days.input.value) * DAY;
      try {
        return await api.post('/api/admin/keys', body);
      } catch (error) {
        return refuse(error.message, error.field === 'name' ? name.input : null);
      }
    },
  };
}

function field(label, props) {
  const id = newId('field');
  const input = h('input', { id, type: 'text', ...props });
  return { input, node: h('div', {}, h('label', { for: id, text: label }), input) };
}

function showToken({ key, token }) {
  const id = newId('token');
  const shown = h('input', {
    id, type: 'text', readonly: true, class: 'token', value: token, autofocus: true,
    on: { focus: (event) => event.target.select() },
  });
  const copied = h('button', { type: 'button' }, icon('copy', 18), t('admin.copy'));
  copied.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(token);
      replace(copied, icon('check', 18), t('admin.copied'));
    } catch {
      // Without the right to the clipboard the text is at least marked.
      shown.select();
    }
  });
  return modal({
    title: t('admin.token.title', { name: key.name }),
    body: h('div', { class: 'stack' },
      h('p', { text: t('admin.token.text') }),
      h('label', { for: id, text: t('admin.token') }),
      h('div', { class: 'row' }, shown, copied)),
    actions: [{ label: t('dialog.done'), kind: 'primary', value: true }],
  });
}
