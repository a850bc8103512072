/**
 * A picture on a stage: fitted, zoomed with the wheel, two fingers, keys or buttons, moved by
 * dragging, with marks that stay on what they mark.
 */

import { Element, define, h, icon, replace } from '../core/dom.js';
import { t } from '../core/words.js';
import { centred, fitted, moved, zoomed } from './zoom.js';

const SVG = 'http://www.w3.org/2000/svg';
const STEP = 1.25;
const PUSH = 48;

/**
 * @typedef {{box: [number, number, number, number], state: string, label: string}} Mark  Picture
 *   pixels.
 */

export class Viewer extends Element {
  #image = null;
  #stage = null;
  #layer = null;
  #percent = null;
  #size = { width: 1, height: 1 };
  #view = { scale: 1, x: 0, y: 0 };
  #isFitted = true;
  #pointers = new Map();
  #watching = null;

  connected() {
    this.#image = h('img', { class: 'viewer-image', draggable: 'false' });
    this.#layer = h('div', { class: 'viewer-layer' }, this.#image);
    this.#stage = h('div', {
      class: 'viewer-stage',
      tabindex: '0',
      role: 'group',
      'aria-label': t('gallery.stage'),
      on: {
        keydown: (event) => this.#onKey(event),
        wheel: (event) => this.#onWheel(event),
        pointerdown: (event) => this.#onDown(event),
        pointermove: (event) => this.#onMove(event),
        pointerup: (event) => this.#onUp(event),
        pointercancel: (event) => this.#onUp(event),
        dblclick: (event) => this.#toggle(event),
      },
    }, this.#layer);
    this.#percent = h('span', { class: 'viewer-percent' });
    replace(this, this.#stage, this.#controls());
    this.#watching = new ResizeObserver(() => this.#settle());
    this.#watching.observe(this.#stage);
  }

  disconnected() {
    this.#watching?.disconnect();
  }

  /**
   * Show a picture.
   *
   * @param {{url: string, width: number, height: number, alt: string}} shown
   */
  show({ url, width, height, alt }) {
    this.#size = { width, height };
    this.#isFitted = true;
    this.#image.width = width;
    this.#image.height = height;
    this.#image.alt = alt;
    this.#image.src = url;
    this.mark([]);
    this.#settle();
  }

  /** Goes where another viewer of pictures of the same size is. */
  follow(other) {
    const { width, height } = other.#size;
    if (width === this.#size.width && height === this.#size.height) {
      this.#set({ ...other.#view }, other.#isFitted, false);
    }
  }

  /**
   * Draw marks over the picture instead of those there are.
   *
   * @param {Mark[]} marks
   */
  mark(marks) {
    this.#layer.querySelector('svg')?.remove();
    if (marks.length === 0) return;
    const svg = document.createElementNS(SVG, 'svg');
    svg.setAttribute('viewBox', `0 0 ${this.#size.width} ${this.#size.height}`);
    svg.setAttribute('class', 'viewer-marks');
    svg.setAttribute('aria-hidden', 'true');
    for (const { box: [left, top, right, bottom], state, label } of marks) {
      const frame = document.createElementNS(SVG, 'rect');
      frame.setAttribute('class', `mark mark-${state}`);
      frame.setAttribute('x', String(left));
      frame.setAttribute('y', String(top));
      frame.setAttribute('width', String(right - left));
      frame.setAttribute('height', String(bottom - top));
      frame.setAttribute('rx', '2');
      const title = document.createElementNS(SVG, 'title');
      title.textContent = label;
      frame.append(title);
      svg.append(frame);
    }
    this.#layer.append(svg);
  }

  #controls() {
    const button = (name, key, run) => h('button', {
      type: 'button', class: 'icon-button', 'aria-label': t(key), title: t(key), on: { click: run },
    }, icon(name));
    return h('div', { class: 'viewer-controls', role: 'group', 'aria-label': t('gallery.zoom') },
      button('minus', 'gallery.zoom_out', () => this.#zoom(1 / STEP)),
      this.#percent,
      button('add', 'gallery.zoom_in', () => this.#zoom(STEP)),
      button('expand', 'gallery.zoom_fit', () => this.#fit()),
      button('actual', 'gallery.zoom_actual', () => this.#actual()));
  }

  get #room() {
    return { width: this.#stage.clientWidth || 1, height: this.#stage.clientHeight || 1 };
  }

  #settle() {
    if (!this.#stage) return;
    if (this.#isFitted) this.#set(fitted(this.#size, this.#room), true);
    else this.#set(moved(this.#view, 0, 0, this.#size, this.#room), false);
  }

  #set(view, isFitted, isTold = true) {
    this.#view = view;
    this.#isFitted = isFitted;
    const { style } = this.#layer;
    style.width = `${this.#size.width}px`;
    style.height = `${this.#size.height}px`;
    style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.scale})`;
    this.#layer.classList.toggle('pixelated', view.scale >= 4);
    this.#stage.classList.toggle('zoomed', !isFitted);
    this.#percent.textContent = `${Math.round(view.scale * 100)}%`;
    if (isTold) this.dispatchEvent(new Event('moved'));
  }

  #zoom(factor, point) {
    const room = this.#room;
    const about = point ?? { x: room.width / 2, y: room.height / 2 };
    const next = zoomed(this.#view, factor, about, this.#size, room);
    this.#set(moved(next, 0, 0, this.#size, room), false);
  }

  #fit() {
    this.#set(fitted(this.#size, this.#room), true);
  }

  #actual() {
    this.#set(centred(this.#size, this.#room, 1), false);
  }

  #toggle(event) {
    if (!this.#isFitted) this.#fit();
    else this.#zoom(Math.max(2, 2 / this.#view.scale), this.#point(event));
  }

  #point(event) {
    const { left, top } = this.#stage.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }

  #onWheel(event) {
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    this.#zoom(Math.exp(-event.deltaY * lines * 0.0015), this.#point(event));
  }

  #onDown(event) {
    if (event.button !== 0) return;
    this.#stage.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, this.#point(event));
    this.#stage.classList.add('held');
  }

  #onMove(event) {
    const before = this.#pointers.get(event.pointerId);
    if (!before) return;
    const now = this.#point(event);
    const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.#pointers.set(event.pointerId, now);
    if (other) this.#zoom(apart(now, other) / (apart(before, other) || 1), between(now, other));
    const share = other ? 0.5 : 1;
    const [dx, dy] = [(now.x - before.x) * share, (now.y - before.y) * share];
    this.#set(moved(this.#view, dx, dy, this.#size, this.#room), false);
  }

  #onUp(event) {
    this.#pointers.delete(event.pointerId);
    if (this.#pointers.size === 0) this.#stage.classList.remove('held');
  }

  /** The arrows belong to the pictures before and after it until the picture is zoomed. */
  #onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const pushes = {
      ArrowLeft: [PUSH, 0], ArrowRight: [-PUSH, 0], ArrowUp: [0, PUSH], ArrowDown: [0, -PUSH],
    };
    const keys = {
      '+': () => this.#zoom(STEP),
      '=': () => this.#zoom(STEP),
      '-': () => this.#zoom(1 / STEP),
      0: () => this.#fit(),
    };
    const push = pushes[event.key];
    if (push && !this.#isFitted) {
      this.#set(moved(this.#view, ...push, this.#size, this.#room), false);
    } else if (keys[event.key]) {
      keys[event.key]();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }
}

function apart(one, other) {
  return Math.hypot(one.x - other.x, one.y - other.y);
}

function between(one, other) {
  return { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 };
}

define('glm-viewer', Viewer);
