/** Painting the area of a picture that may change. */
import { api } from '../core/api.js';
import { announce, errorText } from '../core/announce.js';
import { modal } from '../core/dialogs.js';
import { addStyles, h, icon, newId } from '../core/dom.js';
import { loadWords, t } from '../core/words.js';
import { Painted } from './painted.js';

const SMALLEST = 0.01;
const LARGEST = 0.4;
const USUAL = 0.12;
const FEATHER = 0.015;
const MOST_FEATHER = 0.08;

/** What was painted on a picture stays for the next time, until the page is left. */
const kept = new Map();

/**
 * Asks for the area of a picture that may change.
 *
 * @param {{id: string, url: string, prompt?: string}} picture
 * @returns {Promise<{blob: Blob, dataUrl: string, share: number}|null>} A PNG of the picture's
 *   size that is transparent where it may change.
 */
export async function openMask(picture) {
  await Promise.all([loadWords('mask'), addStyles('mask')]);
  let shown;
  try {
    shown = await createImageBitmap(await api.blob(picture.url));
  } catch (error) {
    await modal({ title: t('mask.title'), body: h('p', { role: 'alert', text: errorText(error) }) });
    return null;
  }
  const board = new Board(picture, shown);
  return modal({
    title: t('mask.title'),
    wide: true,
    class: 'masking',
    body: board.node,
    actions: [
      { label: t('dialog.cancel'), run: () => null },
      { label: t('mask.use'), kind: 'primary', run: () => board.result() },
    ],
  });
}

/** A canvas as text for a JSON body. @param {Blob} blob @returns {Promise<string>} */
export function dataUrl(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

/** The picture, what is painted on it, and the tools. */
class Board {
  constructor(picture, bitmap) {
    this.picture = picture;
    this.painted = new Painted(bitmap.width, bitmap.height, kept.get(picture.id));
    kept.set(picture.id, this.painted.steps);
    this.short = Math.min(this.painted.width, this.painted.height);
    this.erase = false;
    this.pen = false;
    this.held = false;
    this.cursor = [this.painted.width / 2, this.painted.height / 2];
    this.node = this.#build(bitmap);
    this.#refresh();
  }

  get size() {
    return Number(this.sizeField.value) * this.short;
  }

  get feather() {
    return Number(this.featherField.value) * this.short;
  }

  /** The mask; false, with a word about it, while nothing is painted. */
  async result() {
    const { share } = this.painted;
    if (share <= 0) {
      this.note.textContent = t('mask.empty');
      return false;
    }
    const blob = await this.painted.mask(this.feather);
    return { blob, dataUrl: await dataUrl(blob), share };
  }

  #build(bitmap) {
    const back = h('canvas', { width: this.painted.width, height: this.painted.height });
    back.getContext('2d').drawImage(bitmap, 0, 0, back.width, back.height);
    bitmap.close();
    this.ring = h('div', { class: 'mask-ring', aria: { hidden: 'true' } });
    this.painted.canvas.className = 'mask-ink';
    const help = newId('help');
    this.stage = h('div', {
      class: 'mask-stage', role: 'application', tabindex: 0, autofocus: true,
      aria: { label: t('mask.stage'), describedby: help },
      on: {
        pointerdown: (event) => this.#down(event),
        pointermove: (event) => this.#move(event),
        pointerup: () => this.#up(),
        pointercancel: () => this.#up(),
        contextmenu: (event) => event.preventDefault(),
        keydown: (event) => this.#key(event),
        keyup: (event) => {
          if (event.key === ' ') this.#up();
        },
        blur: () => this.#up(),
      },
    }, back, this.painted.canvas, this.ring);
    this.note = h('p', { class: 'mask-note', role: 'status' });
    this.stage.style.aspectRatio = `${this.painted.width} / ${this.painted.height}`;
    this.stage.style.setProperty('--shape', String(this.painted.width / this.painted.height));
    return h('div', { class: 'mask-body', on: { keydown: (event) => this.#shortcut(event) } },
      h('div', { class: 'mask-place' }, this.stage), this.#tools(), this.note,
      h('p', { class: 'mask-help', id: help, text: t('mask.help') }));
  }

  #tools() {
    this.sizeField = range(SMALLEST, LARGEST, USUAL, () => this.#place());
    this.featherField = range(0, MOST_FEATHER, FEATHER, () => this.#soften());
    this.brush = tool('brush', t('mask.brush'), () => this.#choose(false), true);
    this.eraser = tool('erase', t('mask.erase'), () => this.#choose(true), true);
    this.back = tool('undo', t('mask.undo'), () => this.#change('undo'));
    this.again = tool('redo', t('mask.redo'), () => this.#change('redo'));
    return h('div', { class: 'mask-tools', role: 'toolbar', aria: { label: t('mask.tools') } },
      h('div', { class: 'mask-group' }, this.brush, this.eraser),
      slider(t('mask.size'), this.sizeField), slider(t('mask.feather'), this.featherField),
      h('div', { class: 'mask-group' }, this.back, this.again,
        tool('split', t('mask.invert'), () => this.#change('invert')),
        tool('bin', t('mask.clear'), () => this.#change('clear'))));
  }

  #choose(erase) {
    this.erase = erase;
    this.#refresh();
  }

  #change(what) {
    this.painted[what]();
    this.#refresh();
  }

  #point(event) {
    const box = this.stage.getBoundingClientRect();
    return [
      ((event.clientX - box.left) / box.width) * this.painted.width,
      ((event.clientY - box.top) / box.height) * this.painted.height,
    ];
  }

  #down(event) {
    if (event.button > 2) return;
    event.preventDefault();
    this.stage.focus();
    this.stage.setPointerCapture(event.pointerId);
    const erase = this.erase !== (event.button === 2 || event.altKey);
    this.cursor = this.#point(event);
    this.painted.begin(...this.cursor, { size: this.size, erase });
    this.held = true;
    this.#place();
  }

  #move(event) {
    const events = event.getCoalescedEvents?.() ?? [];
    for (const one of events.length ? events : [event]) {
      this.cursor = this.#point(one);
      if (this.held) this.painted.extend(...this.cursor);
    }
    this.#place();
  }

  #up() {
    if (!this.held) return;
    this.held = false;
    this.#refresh();
  }

  #key(event) {
    const way = {
      ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
    }[event.key];
    if (way) {
      event.preventDefault();
      this.#nudge(way, event.shiftKey ? 1 : Math.max(1, this.size / 4));
    } else if (event.key === ' ') {
      event.preventDefault();
      if (!this.held) this.#dab();
    } else if (event.key === 'Enter') {
      event.preventDefault();
      this.pen = !this.pen;
      if (this.pen) this.#dab();
      else this.#up();
      announce(t(this.pen ? 'mask.penDown' : 'mask.penUp'));
    }
  }

  #dab() {
    this.held = true;
    this.painted.begin(...this.cursor, { size: this.size, erase: this.erase });
    this.#place();
  }

  #nudge([right, down], step) {
    const { width, height } = this.painted;
    this.cursor = [
      Math.min(Math.max(this.cursor[0] + right * step, 0), width),
      Math.min(Math.max(this.cursor[1] + down * step, 0), height),
    ];
    if (this.held || this.pen) this.painted.extend(...this.cursor);
    this.#place();
  }

  #shortcut(event) {
    if (event.target instanceof HTMLInputElement && event.key.startsWith('Arrow')) return;
    const command = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    const run = command
      ? { z: () => this.#change(event.shiftKey ? 'redo' : 'undo'), y: () => this.#change('redo') }[key]
      : {
        b: () => this.#choose(false), e: () => this.#choose(true),
        i: () => this.#change('invert'), z: () => this.#change('undo'),
        '[': () => this.#grow(0.8), ']': () => this.#grow(1.25),
      }[key];
    if (!run) return;
    event.preventDefault();
    event.stopPropagation();
    run();
  }

  #grow(factor) {
    this.sizeField.value = String(Number(this.sizeField.value) * factor);
    this.#refresh();
  }

  #place() {
    const { width, height } = this.painted;
    this.ring.style.left = `${(this.cursor[0] / width) * 100}%`;
    this.ring.style.top = `${(this.cursor[1] / height) * 100}%`;
    this.ring.style.width = `${(this.size / width) * 100}%`;
  }

  #soften() {
    const scale = this.stage.clientWidth / this.painted.width || 1;
    this.painted.canvas.style.filter = this.feather ? `blur(${(this.feather * scale) / 2}px)` : '';
  }

  /** Shows what has changed; counting what is painted takes a moment on a large picture. */
  #refresh() {
    this.#place();
    this.#soften();
    this.brush.setAttribute('aria-pressed', String(!this.erase));
    this.eraser.setAttribute('aria-pressed', String(this.erase));
    this.back.disabled = this.painted.steps.length === 0;
    this.again.disabled = this.painted.undone.length === 0;
    const { share } = this.painted;
    this.note.textContent = share > 0
      ? t('mask.share', { n: Math.max(1, Math.round(share * 100)) }) : t('mask.start');
  }
}

function range(min, max, value, changed) {
  return h('input', { type: 'range', min, max, step: 'any', value, on: { input: changed } });
}

function slider(label, field) {
  return h('label', { class: 'mask-slider' }, h('span', { text: label }), field);
}

function tool(name, label, run, toggles = false) {
  return h('button', {
    type: 'button', class: 'icon-button', title: label,
    aria: toggles ? { label, pressed: 'false' } : { label }, on: { click: run },
  }, icon(name));
}
