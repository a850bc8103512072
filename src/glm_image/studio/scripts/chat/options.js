/** How an answer is drawn: how many, how large, how well, how much changes. */
import { modal } from '../core/dialogs.js';
import { h, newId } from '../core/dom.js';
import { tiles } from '../core/sizes.js';
import { store } from '../core/store.js';
import { t } from '../core/words.js';

const COUNTS = [1, 2, 3, 4];
const QUALITIES = ['low', 'medium', 'high', 'xhigh'];
const STRENGTHS = [1, 0.8, 0.6, 0.4, 0.2];

/**
 * Options that make sense, from whatever was kept. `strength` is always there, everything else
 * only if it differs from what is usual.
 *
 * @returns {{n?: number, size?: string, quality?: string, strength: number}}
 */
export function readOptions(kept = {}) {
  const options = { strength: STRENGTHS.includes(kept.strength) ? kept.strength : 1 };
  if (COUNTS.includes(kept.n) && kept.n > 1) options.n = kept.n;
  if (QUALITIES.includes(kept.quality) && kept.quality !== 'high') options.quality = kept.quality;
  if (/^\d+x\d+$/.test(kept.size ?? '')) options.size = kept.size;
  return options;
}

/**
 * Asks how to draw.
 *
 * @param {object} options
 * @param {{editing: boolean}} now Whether a picture is changed.
 * @returns {Promise<object|null>}
 */
export async function openOptions(options, { editing }) {
  const chosen = { n: 1, quality: 'high', size: 'auto', ...options };
  const model = store.model();
  const sizes = model ? tiles(model) : [];
  const auto = t(editing ? 'how.sizeSame' : 'how.sizeUsual');
  return modal({
    title: t('how.title'),
    body: h('div', { class: 'stack' },
      segments(t('how.count'), COUNTS, chosen.n, String, (n) => { chosen.n = n; }),
      segments(t('how.quality'), QUALITIES, chosen.quality, (one) => t(`how.${one}`),
        (quality) => { chosen.quality = quality; }),
      h('label', { class: 'stack tight' }, t('how.size'), h('select', {
        on: { change: (event) => { chosen.size = event.target.value; } },
      },
      h('option', { value: 'auto', text: auto, selected: chosen.size === 'auto' }),
      sizes.map((size) => h('option', {
        value: size.text, selected: chosen.size === size.text,
        text: `${size.width} × ${size.height} (${size.ratio})`,
      })))),
      segments(t('how.strength'), STRENGTHS, chosen.strength, (one) => `${one * 100} %`,
        (strength) => { chosen.strength = strength; }),
      h('p', { class: 'hint', text: t('how.strengthHint') })),
    actions: [
      { label: t('dialog.cancel'), run: () => null },
      { label: t('dialog.done'), kind: 'primary', run: () => readOptions(chosen) },
    ],
  });
}

/** A row of radio buttons. */
export function segments(label, values, chosen, words, choose) {
  const name = newId('choice');
  return h('fieldset', { class: 'stack tight' },
    h('legend', { class: 'label', text: label }),
    h('div', { class: 'segments' }, values.map((value) => h('label', {},
      h('input', {
        type: 'radio', name, checked: value === chosen, on: { change: () => choose(value) },
      }), words(value)))));
}
