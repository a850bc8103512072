/**
 * Taking a picture along: as a file, as a link, as a request that draws it again.
 */

import { errorText } from '../core/announce.js';
import { api, request } from '../core/api.js';
import { modal } from '../core/dialogs.js';
import { h, icon, newId, replace } from '../core/dom.js';
import { preferences } from '../core/preferences.js';
import { moment, t } from '../core/words.js';
import { asCurl, asPython, requestOf } from './code.js';
import { copy, save } from './save.js';

const HOUR = 3600;
const LIVES = { hour: HOUR, day: 24 * HOUR, week: 7 * 24 * HOUR, month: 30 * 24 * HOUR };

const FORMATS = ['png', 'jpeg', 'webp'];

const lifeName = (name) => t(`gallery.life_${name}`);
const kindName = (name) => t(`gallery.code_${name}`);

/** A row of choices of which one holds. */
function choice(label, names, chosen, text, onChange) {
  const group = newId('choice');
  return h('div', { class: 'segments', role: 'radiogroup', aria: { label } },
    names.map((name) => h('label', {},
      h('input', {
        type: 'radio', name: group, value: name, checked: name === chosen,
        on: { change: () => onChange(name) },
      }), text(name))));
}

/** Saves a picture in a kind of file that is asked for. */
export function openDownload(picture) {
  const own = picture.mime.replace('image/', '');
  const wanted = { format: own, quality: 90, strip: false };
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true });
  const range = newId('quality');
  const shown = h('output', { for: range, text: String(wanted.quality) });
  const quality = h('div', { class: 'stack', hidden: own === 'png' },
    h('div', { class: 'row' },
      h('label', { class: 'grow', for: range, text: t('gallery.quality') }), shown),
    h('input', {
      id: range, type: 'range', min: '10', max: '100', value: String(wanted.quality),
      on: {
        input: (event) => {
          wanted.quality = Number(event.currentTarget.value);
          shown.textContent = String(wanted.quality);
        },
      },
    }));
  const run = async () => {
    const path = `/api/images/${encodeURIComponent(picture.id)}/file`;
    const query = {
      format: wanted.format,
      quality: wanted.format === 'png' ? null : wanted.quality,
      strip_prompt: wanted.strip ? true : null,
    };
    try {
      save(await api.blob(path, { query }), `${picture.id}.${wanted.format}`);
    } catch (error) {
      problem.hidden = false;
      problem.textContent = errorText(error);
      return false;
    }
    return true;
  };
  return modal({
    title: t('gallery.download'),
    body: h('div', { class: 'stack' },
      choice(t('gallery.format'), FORMATS, own, (name) => name.toUpperCase(), (name) => {
        wanted.format = name;
        quality.hidden = name === 'png';
      }),
      quality,
      h('label', { class: 'check' }, h('input', {
        type: 'checkbox',
        on: { change: (event) => { wanted.strip = event.currentTarget.checked; } },
      }), t('gallery.strip')),
      h('p', { class: 'hint', text: t('gallery.download_hint') }),
      problem),
    actions: [{ label: t('gallery.download_now'), kind: 'primary', run }],
  });
}

/** Makes a link to a picture that ends after a while. */
export function openShare(picture) {
  let life = 'week';
  const result = h('div', { class: 'stack', aria: { live: 'polite' } });
  const make = async () => {
    try {
      const answer = await request('POST', `/api/images/${encodeURIComponent(picture.id)}/share`, {
        body: JSON.stringify({ expires_in: LIVES[life] }),
        headers: { 'Content-Type': 'application/json' },
      });
      // As the service writes it: others may reach it under another name than this page does.
      const { url, expires } = await answer.json();
      replace(result, linkRow(url, expires));
      result.querySelector('input').select();
    } catch (error) {
      replace(result, h('p', { class: 'problem', role: 'alert', text: errorText(error) }));
    }
    return false;
  };
  return modal({
    title: t('gallery.share'),
    body: h('div', { class: 'stack' },
      h('p', { class: 'muted', text: t('gallery.share_text') }),
      choice(t('gallery.share_life'), Object.keys(LIVES), life, lifeName, (name) => {
        life = name;
        replace(result);
      }),
      result),
    actions: [{ label: t('gallery.share_make'), kind: 'primary', run: make }],
  });
}

function linkRow(url, expires) {
  const id = newId('link');
  return h('div', { class: 'stack' },
    h('label', { for: id, text: t('gallery.share_until', { moment: moment(expires) }) }),
    h('div', { class: 'row' },
      h('input', { id, type: 'text', readonly: true, value: url, class: 'grow' }),
      h('button', { type: 'button', on: { click: () => copy(url) } },
        icon('copy', 18), t('gallery.copy'))));
}

/** Shows the request that draws a picture again. */
export function openCode(picture, drawing) {
  const body = requestOf(picture, drawing);
  const origin = new URL('.', document.baseURI).href.replace(/\/$/, '');
  const service = { origin, key: preferences.key !== '' };
  const texts = { curl: asCurl(body, service), python: asPython(body, service) };
  const code = h('code', { text: texts.curl });
  let shown = 'curl';
  const notes = [
    drawing && drawing.sources > drawing.parents.length ? t('gallery.code_uploads') : null,
    drawing?.masked ? t('gallery.code_mask') : null,
    service.key ? t('gallery.code_key') : null,
  ].filter(Boolean);
  return modal({
    title: t('gallery.code'),
    wide: true,
    body: h('div', { class: 'stack' },
      choice(t('gallery.code_kind'), ['curl', 'python'], shown, kindName, (name) => {
        shown = name;
        code.textContent = texts[name];
      }),
      h('pre', { class: 'code', tabindex: '0', aria: { label: t('gallery.code') } }, code),
      notes.map((note) => h('p', { class: 'hint', text: note }))),
    actions: [{
      label: t('gallery.copy'), kind: 'primary', run: () => copy(texts[shown]).then(() => false),
    }],
  });
}
