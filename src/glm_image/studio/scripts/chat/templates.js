/** Prompts to fill in: posters, infographics, panels, in English and Chinese. */
import { modal } from '../core/dialogs.js';
import { addStyles, h, icon, replace } from '../core/dom.js';
import { store } from '../core/store.js';
import { currentLanguage, loadWords, t } from '../core/words.js';
import { drawsPosters, layoutValues, posterScene } from './examples.js';
import { LAYOUTS } from './layouts.js';
import { segments } from './options.js';
import { COLOURS, describe, GROUNDS, MOST_LETTERS, PLACES, POSTERS, SHAPES } from './scenes.js';
import { layoutSketch, sceneSketch } from './sketch.js';

const LANGUAGES = { en: 'English', zh: '中文' };

/**
 * Lets people choose a template and fill it in.
 *
 * @param {object|null} [model] What is served: the templates are such as it can draw.
 * @returns {Promise<string|null>} The words.
 */
export async function openTemplates(model = store.model()) {
  await Promise.all([loadWords('templates'), addStyles('templates')]);
  return modal({
    title: t('templates.title'),
    wide: true,
    class: 'templates',
    body: (close) => new Desk(drawsPosters(model), close).node,
  });
}

class Desk {
  constructor(small, close) {
    this.small = small;
    this.close = close;
    this.language = currentLanguage();
    this.node = h('div', { class: 'templates-body' });
    this.#showAll();
  }

  #showAll(focused = null) {
    const all = this.small ? POSTERS : LAYOUTS;
    const cards = all.map((one) => h('li', {}, h('button', {
      type: 'button', class: 'template-card', data: { template: one.id }, on: { click: () => this.#showOne(one) },
    },
    this.small ? sceneSketch(posterScene(one, this.language)) : layoutSketch(one.blocks),
    h('span', { class: 'template-name', text: t(`templates.${one.id}`) }),
    h('span', { class: 'muted small', text: t(`templates.${one.id}.text`) }))));
    replace(this.node,
      h('p', { class: 'muted', text: t(this.small ? 'templates.introSmall' : 'templates.intro') }),
      h('ul', { class: 'template-grid' }, cards));
    if (focused) this.node.querySelector(`[data-template="${focused}"]`)?.focus();
  }

  #showOne(template) {
    const build = () => {
      if (this.small) this.scene = posterScene(template, this.language);
      else this.values = layoutValues(template, this.language);
    };
    const sketch = h('div', { class: 'template-sketch' });
    const result = h('output', { class: 'template-result', aria: { live: 'off' } });
    const text = () => (this.small
      ? describe(this.scene, this.language) : template[this.language](this.values));
    const refresh = () => {
      replace(sketch, this.small ? sceneSketch(this.scene) : layoutSketch(template.blocks));
      result.textContent = text();
    };
    const fields = h('div', { class: 'stack' });
    const fill = () => {
      replace(fields, this.small
        ? sceneFields(this.scene, this.language, refresh)
        : layoutFields(template, this.values, refresh));
      refresh();
    };
    build();
    replace(this.node,
      h('button', {
        type: 'button', class: 'quiet template-back', on: { click: () => this.#showAll(template.id) },
      }, icon('back', 18), t('templates.all')),
      h('div', { class: 'template-form' },
        h('div', { class: 'stack' },
          h('h3', { text: t(`templates.${template.id}`) }),
          segments(t('templates.language'), Object.keys(LANGUAGES), this.language,
            (one) => LANGUAGES[one], (language) => {
              this.language = language;
              build();
              fill();
            }),
          fields),
        h('div', { class: 'stack' }, sketch,
          h('h3', { text: t('templates.result') }), result,
          h('button', {
            type: 'button', class: 'primary', text: t('templates.use'),
            on: { click: () => this.close(text()) },
          }))));
    fill();
    fields.querySelector('input, select, textarea')?.focus();
  }
}

function layoutFields(template, values, refresh) {
  return Object.keys(template.fields).map((name) => h('label', { class: 'stack tight' },
    t(`templates.field.${name}`),
    h('input', {
      type: 'text', value: values[name], maxlength: 160,
      on: {
        input: (event) => {
          values[name] = event.target.value.trim();
          refresh();
        },
      },
    })));
}

/** Fields for the ground and for each thing of a scene. */
function sceneFields(scene, language, refresh) {
  const word = (pair) => pair[language === 'zh' ? 1 : 0].replace('{colour}', '').replace(/色$/, '').trim();
  const choice = (label, names, object, field, shown) => h('label', { class: 'stack tight' }, label, h('select', {
    on: {
      change: (event) => {
        const { value } = event.target;
        object[field] = typeof object[field] === 'number' ? Number(value) : value;
        refresh();
      },
    },
  }, names.map((name) => h('option', {
    value: String(name), text: shown(name), selected: name === object[field],
  }))));
  const colour = (object) => choice(t('templates.colour'), Object.keys(COLOURS), object, 'colour',
    (name) => word(COLOURS[name]));
  const place = (object) => choice(t('templates.place'), Object.keys(PLACES), object, 'place',
    (name) => (language === 'zh' ? PLACES[name][1] : name));
  const group = (title, ...children) => h('fieldset', { class: 'template-group' },
    h('legend', { class: 'label', text: title }), children);
  return [
    group(t('templates.ground'),
      choice(t('templates.kind'), Object.keys(GROUNDS), scene, 'ground', (name) => t(`templates.ground.${name}`)),
      colour(scene)),
    ...scene.things.map((thing) => (thing.shape
      ? group(t('templates.shape'),
        choice(t('templates.kind'), Object.keys(SHAPES), thing, 'shape', (name) => word(SHAPES[name])),
        colour(thing),
        choice(t('templates.count'), [1, 2, 3], thing, 'count', String),
        choice(t('templates.size'), [2, 3, 4], thing, 'size', (size) => t(`templates.size.${size}`)),
        place(thing))
      : group(t('templates.words'),
        h('label', { class: 'stack tight' }, t('templates.text'), h('input', {
          type: 'text', value: thing.text, maxlength: MOST_LETTERS,
          on: {
            input: (event) => {
              thing.text = event.target.value;
              refresh();
            },
          },
        })),
        colour(thing), place(thing)))),
  ];
}
