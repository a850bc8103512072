/** A grid of parameters: one prompt, two things that vary, a picture for each pair. */
import { checked } from './rows.js';

export const MOST_VALUES = 12;

/** Fields that can vary; words of the prompt in braces come beside them. */
export const FIELDS = ['seed', 'layout_seed', 'guidance', 'steps', 'temperature', 'top_p', 'size', 'quality'];

const RANGE = /^(-?\d+(?:\.\d+)?)\s*\.\.\s*(-?\d+(?:\.\d+)?)(?:\s*\/\s*(\d+(?:\.\d+)?))?$/;

/** Names of the words that a prompt leaves open: "a {colour} star" has `colour`. */
export function openWords(prompt) {
  return [...new Set([...prompt.matchAll(/\{([^{}\n]{1,30})\}/g)].map((found) => found[1].trim()))]
    .filter(Boolean);
}

/**
 * Values of one axis: `1, 2, 5`, `1..4`, `10..50/10`; for words whatever stands between commas.
 *
 * @param {string} text
 * @returns {string[]}
 */
export function readValues(text) {
  const values = [];
  for (const part of text.split(/[,，、;；\n]/).map((one) => one.trim()).filter(Boolean)) {
    const range = RANGE.exec(part);
    if (!range) {
      values.push(part);
      continue;
    }
    const [from, to, step] = [Number(range[1]), Number(range[2]), Number(range[3] ?? 1)];
    const count = step > 0 ? Math.floor(Math.abs(to - from) / step + 1e-9) + 1 : 1;
    for (let index = 0; index < Math.min(count, MOST_VALUES + 1); index += 1) {
      const value = from + Math.sign(to - from) * index * step;
      values.push(String(Number(value.toFixed(6))));
    }
  }
  return [...new Set(values)];
}

/**
 * One request for each pair of values.
 *
 * @param {object} base  Fields as texts: prompt, size, seed...
 * @param {Array<{field: string, values: string[]}>} axes  One or two; `field` is one of FIELDS or
 *   '{word}'.
 * @param {object|null} model
 * @returns {Array<{x: number, y: number, request: object, problem: object|null}>} Row by row.
 */
export function expand(base, axes, model) {
  const [across, down = { field: null, values: [''] }] = axes;
  const cells = [];
  for (const [y, below] of down.values.entries()) {
    for (const [x, beside] of across.values.entries()) {
      const fields = { ...base };
      vary(fields, across.field, beside);
      if (down.field) vary(fields, down.field, below);
      cells.push({ x, y, ...checked(fields, model) });
    }
  }
  return cells;
}

function vary(fields, field, value) {
  if (field.startsWith('{')) fields.prompt = fields.prompt.replaceAll(field, value);
  else fields[field] = value;
}
