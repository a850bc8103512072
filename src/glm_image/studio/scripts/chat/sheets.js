/** The two forms that begin a batch: many lines, and a grid of parameters. */
import { h, newId, replace } from '../core/dom.js';
import { tiles } from '../core/sizes.js';
import { store } from '../core/store.js';
import { t } from '../core/words.js';
import { pictureFiles } from './picker.js';
import { nameOf } from './results.js';
import { MOST_ROWS, readSheet } from './rows.js';
import { expand, FIELDS, MOST_VALUES, openWords, readValues } from './sweep.js';

const MOST_SHOWN = 5;
const MOST_FILE_BYTES = 2_000_000;
const RANDOM_SEEDS = 2 ** 32;

/** What is wrong with a row, in words. */
function problemText({ key, params }) {
  return t(`batch.problem.${key}`, params);
}

/** Problems of rows as a list, the first ones. */
function problemList(rows) {
  const wrong = rows.filter((row) => row.problem);
  if (wrong.length === 0) return null;
  return h('div', { class: 'batch-problems' },
    h('p', { class: 'problem', text: t('batch.problems', { count: wrong.length }) }),
    h('ul', {}, wrong.slice(0, MOST_SHOWN).map((row) => h('li', {
      text: row.line ? t('batch.problemLine', { n: row.line, problem: problemText(row.problem) })
        : problemText(row.problem),
    }))));
}

/** The sizes of the model that is served, in a field that stays while its model is not known yet. */
function sizeField(draft, changed) {
  const choice = h('select', {
    on: {
      change: () => {
        draft.size = choice.value;
        changed();
      },
    },
  });
  const fill = () => {
    const model = store.model();
    replace(choice,
      h('option', { value: '', text: t('batch.sizeUsual'), selected: !draft.size }),
      (model ? tiles(model) : []).map((size) => h('option', {
        value: size.text, selected: size.text === draft.size,
        text: `${size.width} × ${size.height} (${size.ratio})`,
      })));
  };
  return { node: h('label', { class: 'stack tight' }, t('batch.size'), choice), fill };
}

/**
 * Lines or a table.
 *
 * @param {{text: string, size: string, n: number}} draft changed in place
 * @param {{changed: () => void, begin: (made: object) => void, redraw: () => void}} on
 * @returns {{node: HTMLElement, update: () => void}} `update` checks all against the model anew.
 */
export function linesForm(draft, { changed, begin, redraw }) {
  const help = newId('help');
  const found = h('div', { class: 'batch-found', aria: { live: 'polite' } });
  const go = h('button', { type: 'submit', class: 'primary' });
  const field = h('textarea', {
    rows: 10, value: draft.text, spellcheck: false, aria: { describedby: help },
    placeholder: t('batch.linesPlaceholder'),
    on: { input: () => { draft.text = field.value; refresh(); } },
  });
  const input = h('input', {
    type: 'file', accept: '.csv,.tsv,.txt,text/plain,text/csv', hidden: true,
    on: { change: () => take(input.files[0]) },
  });
  const note = h('p', { class: 'problem', role: 'alert', hidden: true });

  async function take(file) {
    input.value = '';
    if (!file) return;
    const wrong = file.size > MOST_FILE_BYTES || pictureFiles({ files: [file] }).length;
    note.hidden = !wrong;
    note.textContent = wrong ? t('batch.badFile', { name: file.name }) : '';
    if (wrong) return;
    draft.text = await file.text();
    field.value = draft.text;
    refresh();
    // Meanwhile another form may have taken the place of this one.
    if (!form.isConnected) redraw();
  }

  function made() {
    const sheet = readSheet(draft.text, store.model());
    const shared = { ...(draft.size && { size: draft.size }), ...(draft.n > 1 && { n: draft.n }) };
    for (const row of sheet.rows) row.request = { ...shared, ...row.request };
    return sheet;
  }

  function refresh() {
    changed();
    const sheet = made();
    const good = sheet.rows.filter((row) => !row.problem);
    const count = good.reduce((sum, row) => sum + (row.request.n ?? 1), 0);
    replace(found,
      sheet.isTable && h('p', { class: 'small', text: t('batch.isTable') }),
      sheet.unknown.length > 0 && h('p', { class: 'problem', text: t('batch.unknown', { names: sheet.unknown.join(', ') }) }),
      sheet.left > 0 && h('p', { class: 'problem', text: t('batch.left', { count: sheet.left, most: MOST_ROWS }) }),
      problemList(sheet.rows));
    go.textContent = good.length ? t('batch.draw', { count }) : t('batch.drawNothing');
    go.disabled = good.length === 0;
  }

  const sizes = sizeField(draft, refresh);
  const form = h('form', {
    class: 'stack',
    on: {
      submit: (event) => {
        event.preventDefault();
        const good = made().rows.filter((row) => !row.problem);
        if (good.length === 0) return;
        begin({
          kind: 'rows', title: t('batch.rowsTitle', { first: good[0].request.prompt.slice(0, 48), count: good.length }),
          rows: good.map(({ request }) => ({ request, job: null, error: null })),
        });
      },
      dragover: (event) => { if (event.dataTransfer.types.includes('Files')) event.preventDefault(); },
      drop: (event) => {
        if (!event.dataTransfer.files.length) return;
        event.preventDefault();
        take(event.dataTransfer.files[0]);
      },
    },
  },
  h('label', { class: 'stack tight' }, t('batch.lines'), field),
  h('p', { class: 'hint', id: help, text: t('batch.linesHelp') }),
  h('div', { class: 'row' }, input, h('button', { type: 'button', text: t('batch.file'), on: { click: () => input.click() } })),
  note,
  h('div', { class: 'batch-pair' }, sizes.node, countField(draft, refresh)),
  found, go);
  return { node: form, update: () => { sizes.fill(); refresh(); } };
}

function countField(draft, changed) {
  return h('label', { class: 'stack tight' }, t('batch.count'), h('input', {
    type: 'number', min: 1, max: 10, value: draft.n,
    on: {
      input: (event) => {
        draft.n = Math.min(Math.max(Math.round(Number(event.target.value)) || 1, 1), 10);
        changed();
      },
    },
  }));
}

/**
 * A grid: one prompt, two axes.
 *
 * @param {{prompt: string, size: string, seed: string, x: {field: string, text: string},
 *   y: {field: string, text: string}}} draft changed in place
 * @param {{changed: () => void, begin: (made: object) => void}} on
 * @returns {{node: HTMLElement, update: () => void}} `update` checks all against the model anew.
 */
export function gridForm(draft, { changed, begin }) {
  const found = h('div', { class: 'batch-found', aria: { live: 'polite' } });
  const go = h('button', { type: 'submit', class: 'primary' });
  const axes = h('div', { class: 'stack' });
  const prompt = h('textarea', {
    rows: 4, value: draft.prompt, placeholder: t('batch.gridPlaceholder', { word: openWord() }), maxlength: 1000,
    on: {
      input: () => {
        const before = openWords(draft.prompt).join();
        draft.prompt = prompt.value;
        if (openWords(draft.prompt).join() !== before) drawAxes();
        refresh();
      },
    },
  });

  function axis(name) {
    const own = draft[name];
    const words = openWords(draft.prompt).map((word) => `{${word}}`);
    const options = [...(name === 'y' ? [''] : []), ...words, ...FIELDS];
    if (!options.includes(own.field)) own.field = options[0];
    const values = h('input', {
      type: 'text', value: own.text, disabled: own.field === '', placeholder: placeholder(own.field),
      aria: { label: t('batch.values', { axis: t(`batch.axis.${name}`) }) },
      on: { input: () => { own.text = values.value; refresh(); } },
    });
    return h('fieldset', { class: 'batch-axis' },
      h('legend', { class: 'label', text: t(`batch.axis.${name}`) }),
      h('select', {
        aria: { label: t('batch.varies', { axis: t(`batch.axis.${name}`) }) },
        on: {
          change: (event) => {
            own.field = event.target.value;
            own.text = '';
            Object.assign(values, { value: '', disabled: own.field === '', placeholder: placeholder(own.field) });
            refresh();
          },
        },
      }, options.map((field) => h('option', {
        value: field, selected: field === own.field, text: field ? nameOf({ field }) : t('batch.axis.none'),
      }))), values);
  }

  function drawAxes() {
    replace(axes, axis('x'), axis('y'));
  }

  function made() {
    const chosen = [draft.x, draft.y].filter((one) => one.field)
      .map(({ field, text }) => ({ field, values: readValues(text) }));
    const same = chosen.length === 2 && chosen[0].field === chosen[1].field;
    const long = chosen.find((one) => one.values.length > MOST_VALUES);
    const empty = chosen.find((one) => one.values.length === 0);
    const key = same ? 'sameAxis' : long ? 'manyValues' : empty ? 'noValues' : null;
    if (key) return { axes: chosen, cells: [], key, field: (long ?? empty ?? chosen[0]) };
    // One seed for all cells, so that nothing but the axes varies.
    const seed = draft.seed || String(Math.floor(Math.random() * RANDOM_SEEDS));
    const base = { prompt: draft.prompt.trim(), size: draft.size, seed };
    return { axes: chosen, cells: expand(base, chosen, store.model()), key: null };
  }

  function refresh() {
    changed();
    const { cells, key, field } = made();
    const good = cells.filter((cell) => !cell.problem);
    const wanted = draft.prompt.trim() && key && key !== 'noValues';
    replace(found,
      wanted && h('p', { class: 'problem', text: t(`batch.problem.${key}`, { field: nameOf(field), most: MOST_VALUES }) }),
      draft.prompt.trim() && problemList(cells));
    go.textContent = good.length ? t('batch.draw', { count: good.length }) : t('batch.drawNothing');
    go.disabled = good.length === 0 || good.length < cells.length;
  }

  const seed = h('input', {
    type: 'text', inputmode: 'numeric', pattern: '[0-9]*', value: draft.seed, placeholder: t('batch.seedRandom'),
    on: { input: () => { draft.seed = seed.value.replace(/\D/g, ''); refresh(); } },
  });
  const sizes = sizeField(draft, refresh);
  const form = h('form', {
    class: 'stack',
    on: {
      submit: (event) => {
        event.preventDefault();
        const { axes: chosen, cells } = made();
        if (!cells.length || cells.some((cell) => cell.problem)) return;
        begin({
          kind: 'grid', title: draft.prompt.trim().slice(0, 80), axes: chosen,
          rows: cells.map(({ x, y, request }) => ({ x, y, request, job: null, error: null })),
        });
      },
    },
  },
  h('label', { class: 'stack tight' }, t('batch.gridPrompt'), prompt),
  h('p', { class: 'hint', text: t('batch.gridHelp', { word: openWord() }) }),
  axes, h('p', { class: 'hint', text: t('batch.valuesHelp') }),
  h('div', { class: 'batch-pair' }, sizes.node, h('label', { class: 'stack tight' }, t('batch.seedLabel'), seed)),
  found, go);
  drawAxes();
  return { node: form, update: () => { sizes.fill(); refresh(); } };
}

/** A word in braces as an example. */
function openWord() {
  return `{${t('batch.gridWord')}}`;
}

function placeholder(field) {
  if (!field) return '';
  if (field.startsWith('{')) return t('batch.valuesWords');
  return { seed: '1..4', layout_seed: '1..4', guidance: '1, 1.5, 2, 3', steps: '10..50/10',
    temperature: '0.7, 0.9, 1.1', top_p: '0.5, 0.75, 0.95', size: '256x256, 320x192',
    quality: 'low, medium, high' }[field];
}
