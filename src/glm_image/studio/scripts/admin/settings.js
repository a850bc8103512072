/** What this browser remembers: language, colours, the key, keys of the page. */
import { Element, define, h, icon, newId, replace } from '../core/dom.js';
import { api } from '../core/api.js';
import { errorText, toast } from '../core/announce.js';
import { confirm } from '../core/dialogs.js';
import { forgetPreferences, onPreference, preferences } from '../core/preferences.js';
import { t } from '../core/words.js';
import { figures, panel } from './figures.js';
import { shortcutList } from './shortcuts.js';

class SettingsView extends Element {
  #account = h('div', { role: 'status' });

  connected() {
    const look = panel(t('settings.look'));
    look.body.append(
      choice('theme', ['system', 'light', 'dark'], (name) => t(`theme.${name}`)),
      choice('language', ['system', 'en', 'zh'], (name) => t(`settings.language.${name}`)));
    const drawing = panel(t('settings.drawing'));
    drawing.body.append(
      tick('showPreviews'), tick('ocrCheck'), tick('label'));
    const key = panel(t('settings.key'));
    key.body.append(h('p', { class: 'muted', text: t('settings.key.text') }), keyRow(), this.#account);
    const shortcuts = panel(t('settings.shortcuts'), { class: 'wide' });
    shortcuts.body.append(shortcutList(this));
    replace(this,
      h('header', { class: 'admin-head' }, h('div', {},
        h('h1', { text: t('settings.title') }),
        h('p', { class: 'muted', text: t('settings.text') })),
      h('a', { class: 'button to-admin', href: '#/admin' }, icon('admin', 18), t('nav.admin'))),
      h('div', { class: 'admin-panels' }, look.node, drawing.node, key.node, forget(), shortcuts.node));
    this.own(onPreference((name) => { if (name === 'key') this.#who(); }));
    this.#who();
  }

  async #who() {
    try {
      const account = await api.get('/api/account');
      replace(this.#account, about(account));
    } catch (error) {
      replace(this.#account, h('p', { class: 'problem', text: errorText(error) }));
    }
  }
}

function about(account) {
  const may = account.scopes.map((scope) => t(`admin.scope.${scope}`)).join(', ');
  const counts = [
    ['concurrent', 'open_jobs'], ['per_minute', 'jobs_of_minute'], ['per_day', 'pictures_of_day'],
  ];
  return h('div', { class: 'stack' },
    h('p', { class: 'row small' }, icon(account.needs_key ? 'key' : 'unlock', 18),
      account.needs_key ? t('settings.key.may', { may }) : t('settings.key.none')),
    figures(counts.map(([limit, count]) => {
      const most = account.limits[limit];
      const value = most === null ? String(account.use[count])
        : t('admin.of', { n: account.use[count], most });
      return [t(`admin.limit.${limit}.long`), value];
    })));
}

function choice(name, values, label) {
  const group = newId(name);
  return h('fieldset', { class: 'setting' },
    h('legend', { class: 'label', text: t(`settings.${name}`) }),
    h('div', { class: 'segments' }, values.map((value) => h('label', {},
      h('input', {
        type: 'radio', name: group, value, checked: preferences[name] === value,
        on: { change: () => { preferences[name] = value; } },
      }),
      label(value)))));
}

function tick(name) {
  const id = newId('tick');
  return h('div', { class: 'setting' },
    h('label', { class: 'check' },
      h('input', {
        type: 'checkbox', checked: preferences[name], aria: { describedby: id },
        on: { change: (event) => { preferences[name] = event.target.checked; } },
      }),
      t(`settings.${name}`)),
    h('p', { class: 'hint', id, text: t(`settings.${name}.hint`) }));
}

function keyRow() {
  const enter = h('button', {
    type: 'button',
    on: { click: async () => (await import('../key.js')).openKey() },
  }, icon('key', 18), t(preferences.key ? 'settings.key.change' : 'settings.key.enter'));
  const drop = h('button', {
    type: 'button', class: 'quiet', hidden: !preferences.key,
    on: { click: () => { preferences.key = ''; } },
  }, t('settings.key.drop'));
  return h('div', { class: 'row' }, enter, drop);
}

function forget() {
  const { node, body } = panel(t('settings.forget'));
  body.append(
    h('p', { class: 'muted', text: t('settings.forget.text') }),
    h('button', {
      type: 'button',
      on: {
        click: async () => {
          const sure = await confirm({
            title: t('settings.forget'), text: t('settings.forget.sure'),
            yes: t('settings.forget.yes'), danger: true,
          });
          if (!sure) return;
          forgetPreferences();
          toast(t('settings.forgotten'), { kind: 'good' });
        },
      },
    }, icon('bin', 18), t('settings.forget.yes')));
  return node;
}

define('glm-settings', SettingsView);

export default function view() {
  return document.createElement('glm-settings');
}
