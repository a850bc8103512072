/** Painting on beyond the edges of a picture. */
import { api } from '../core/api.js';
import { draw } from '../core/actions.js';
import { errorText } from '../core/announce.js';
import { modal } from '../core/dialogs.js';
import { addStyles, h } from '../core/dom.js';
import { store } from '../core/store.js';
import { loadWords, t } from '../core/words.js';
import { drawnOut, hasRoom, placed, png, roomMask, side } from './enlarge.js';
import { dataUrl } from './mask.js';
import { handIn, wordsField, wordsSoFar } from './upscale.js';

const SCALES = [1, 0.75, 0.5];
/** Below 1 the drawn out border shines through, so that what is new goes on from it. */
const USUAL_STRENGTH = 0.7;
const PLACES = [0, 0.5, 1];
const NAMES = ['start', 'middle', 'end'];

/**
 * Asks how much is to be added around a picture, and has it drawn.
 *
 * @param {{id: string, url: string, width: number, height: number, prompt: string}} picture
 * @returns {Promise<object|null>} The job.
 */
export async function openExtend(picture) {
  await Promise.all([loadWords('mask'), addStyles('mask')]);
  let bitmap;
  try {
    bitmap = await createImageBitmap(await api.blob(picture.url));
  } catch (error) {
    await modal({ title: t('extend.title'), body: h('p', { role: 'alert', text: errorText(error) }) });
    return null;
  }
  const form = new Form({ ...picture, prompt: await wordsSoFar(picture) }, bitmap, store.model());
  const job = await modal({
    title: t('extend.title'),
    wide: true,
    class: 'extending',
    body: form.node,
    actions: [
      { label: t('dialog.cancel'), run: () => null },
      { label: t('extend.draw'), kind: 'primary', run: () => form.submit() },
    ],
  });
  bitmap.close();
  return job;
}

class Form {
  constructor(picture, bitmap, model) {
    this.picture = picture;
    this.bitmap = bitmap;
    this.model = model;
    this.anchor = [0.5, 0.5];
    this.scale = SCALES.find((one) => this.#mostRoom(one) > 0) ?? SCALES.at(-1);
    const span = (pixels) => side(pixels * this.scale * 1.25, model, Math.ceil);
    this.canvas = { width: span(bitmap.width), height: span(bitmap.height) };
    this.words = wordsField(picture.prompt, t('extend.words'));
    this.strength = h('input', { type: 'range', min: 0.3, max: 1, step: 0.05, value: USUAL_STRENGTH });
    this.problem = h('p', { class: 'problem', role: 'alert' });
    this.preview = h('div', { class: 'extend-preview', role: 'img' });
    this.inner = h('img', { src: picture.url, alt: '' });
    this.preview.append(this.inner);
    this.node = h('div', { class: 'extend-body' },
      h('div', { class: 'extend-place' }, this.preview),
      h('div', { class: 'stack' }, this.#sides(), this.#anchors(), this.#scales(),
        this.words.node,
        h('label', { class: 'stack tight' }, t('extend.strength'), this.strength),
        h('p', { class: 'hint', text: t('extend.strengthHint') }), this.problem));
    this.#refresh();
  }

  #mostRoom(scale) {
    const { max_side: most } = this.model;
    return most - Math.min(this.bitmap.width, this.bitmap.height) * scale;
  }

  #sides() {
    const slider = (name) => {
      const shown = h('output', {});
      const field = h('input', {
        type: 'range', min: side(1, this.model), max: side(Infinity, this.model),
        step: this.model.multiple, value: this.canvas[name],
        on: {
          input: () => {
            this.canvas[name] = Number(field.value);
            this.#refresh();
          },
        },
      });
      this[name] = { field, shown };
      return h('label', { class: 'extend-side' }, h('span', { text: t(`extend.${name}`) }), field, shown);
    };
    return h('div', { class: 'stack tight' }, slider('width'), slider('height'));
  }

  #anchors() {
    const group = h('fieldset', { class: 'extend-anchors' },
      h('legend', { class: 'label', text: t('extend.anchor') }));
    this.buttons = [];
    for (const [row, down] of PLACES.entries()) {
      for (const [column, right] of PLACES.entries()) {
        const button = h('button', {
          type: 'button', class: 'extend-anchor',
          aria: { label: t(`extend.at.${NAMES[row]}.${NAMES[column]}`), pressed: 'false' },
          on: {
            click: () => {
              this.anchor = [right, down];
              this.#refresh();
            },
          },
        });
        this.buttons.push([button, right, down]);
        group.append(button);
      }
    }
    return group;
  }

  #scales() {
    return h('label', { class: 'stack tight' }, t('extend.scale'), h('select', {
      on: {
        change: (event) => {
          this.scale = Number(event.target.value);
          this.#refresh();
        },
      },
    }, SCALES.map((one) => h('option', {
      value: String(one), selected: one === this.scale, text: `${one * 100} %`,
    }))));
  }

  /** The canvas is never smaller than the picture on it, if the model can draw one so large. */
  #refresh() {
    const { canvas, bitmap, scale, model } = this;
    for (const name of ['width', 'height']) {
      canvas[name] = Math.max(canvas[name], side(bitmap[name] * scale, model, Math.ceil));
      this[name].field.value = String(canvas[name]);
      this[name].shown.textContent = String(canvas[name]);
    }
    this.place = placed(bitmap, canvas, scale, this.anchor);
    for (const [button, right, down] of this.buttons) {
      const chosen = right === this.anchor[0] && down === this.anchor[1];
      button.setAttribute('aria-pressed', String(chosen));
    }
    const percent = (part, whole) => `${(part / whole) * 100}%`;
    this.preview.style.aspectRatio = `${canvas.width} / ${canvas.height}`;
    this.preview.style.setProperty('--shape', String(canvas.width / canvas.height));
    this.preview.setAttribute('aria-label', t('extend.preview', {
      width: canvas.width, height: canvas.height,
    }));
    this.inner.style.left = percent(this.place.x, canvas.width);
    this.inner.style.top = percent(this.place.y, canvas.height);
    this.inner.style.width = percent(this.place.width, canvas.width);
    this.inner.style.height = percent(this.place.height, canvas.height);
  }

  /** Hands the job in; false keeps the dialog open. */
  async submit() {
    const { canvas, place, bitmap, picture } = this;
    if (!hasRoom(canvas, place)) {
      this.problem.textContent = t('extend.noRoom');
      return false;
    }
    return handIn(this.problem, async () => {
      const sheet = drawnOut(bitmap, bitmap, canvas, place);
      const file = new File([await png(sheet)], 'canvas.png', { type: 'image/png' });
      const upload = await api.upload(file, { purpose: 'canvas' });
      return draw({
        prompt: this.words.value,
        images: [upload.id],
        parents: picture.id.startsWith('img_') ? [picture.id] : [],
        mask: await dataUrl(await png(roomMask(canvas, place))),
        size: `${canvas.width}x${canvas.height}`,
        strength: Number(this.strength.value),
      });
    });
  }
}
