/** Making and replacing nodes; text is always text, never HTML. */
import { paths } from './icons.js';

const SVG = 'http://www.w3.org/2000/svg';

/** Properties that have to be set on the object, as the attribute means something else. */
const PROPERTIES = new Set(['value', 'checked', 'indeterminate', 'selected', 'returnValue']);

/**
 * A new element.
 *
 * `h('button', {class: 'quiet', text: words, on: {click: run}, aria: {label: words}}, ...)`.
 *
 * @param {string} tag
 * @param {Record<string, any>} [props] `class`, `text`, `on` {event: listener}, `aria` {name:
 *   value}, `data` {name: value}, `style` {property: value}; `false`, null and undefined leave an
 *   attribute out, `true` sets it empty; objects and functions become properties.
 * @param {...(Node|string|number|null|undefined|false|Array)} children
 * @returns {HTMLElement}
 */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  setProps(node, props);
  node.append(...nodes(children));
  return node;
}

/** Sets on an existing element what `h` sets on a new one. */
export function setProps(node, props) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (name === 'class') {
      if (value) node.className = value;
    } else if (name === 'text') {
      node.textContent = value ?? '';
    } else if (name === 'on') {
      for (const [type, listener] of Object.entries(value)) node.addEventListener(type, listener);
    } else if (name === 'aria') {
      for (const [key, one] of Object.entries(value)) setAttribute(node, `aria-${key}`, one, true);
    } else if (name === 'data') {
      for (const [key, one] of Object.entries(value)) if (one != null) node.dataset[key] = one;
    } else if (name === 'style') {
      for (const [key, one] of Object.entries(value)) node.style.setProperty(key, String(one));
    } else if (PROPERTIES.has(name) || typeof value === 'function' || isObject(value)) {
      node[name] = value;
    } else {
      setAttribute(node, name, value, false);
    }
  }
  return node;
}

function isObject(value) {
  return typeof value === 'object' && value !== null;
}

function setAttribute(node, name, value, spelled) {
  if (value === null || value === undefined || (value === false && !spelled)) {
    node.removeAttribute(name);
  } else {
    node.setAttribute(name, value === true && !spelled ? '' : String(value));
  }
}

function nodes(children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false && child !== true)
    .map((child) => (child instanceof Node ? child : document.createTextNode(String(child))));
}

/** Puts children in the place of those that a node has. */
export function replace(node, ...children) {
  node.replaceChildren(...nodes(children));
  return node;
}

/**
 * An icon that says nothing to screen readers: the control that holds it has a label.
 *
 * @param {string} name A name in icons.js.
 * @param {number} [size] Pixels.
 */
export function icon(name, size = 20) {
  const drawn = paths[name];
  if (!drawn) throw new Error(`no icon ${name}`);
  const node = document.createElementNS(SVG, 'svg');
  const attributes = {
    viewBox: '0 0 24 24', width: size, height: size, class: 'icon', 'aria-hidden': 'true',
    focusable: 'false',
  };
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  for (const d of drawn) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('d', d);
    node.append(path);
  }
  return node;
}

let lastId = 0;

/** An id that no other node has, for labels and descriptions. */
export function newId(prefix = 'n') {
  lastId += 1;
  return `${prefix}-${lastId}`;
}

/**
 * Base of custom elements: `connected()` when the element comes into the page, `disconnected()`
 * when it leaves; what `own` was given (functions that end a subscription) ends with it.
 */
class StudioElement extends HTMLElement {
  #endings = [];

  connectedCallback() {
    this.connected();
  }

  disconnectedCallback() {
    for (const end of this.#endings.splice(0)) end();
    this.disconnected();
  }

  /** Called when the element comes into the page. */
  connected() {}

  /** Called when it has left. */
  disconnected() {}

  /** Have functions called when the element leaves. */
  own(...endings) {
    this.#endings.push(...endings);
  }

  /** Listen until the element leaves. */
  listen(target, type, listener, options) {
    target.addEventListener(type, listener, options);
    this.own(() => target.removeEventListener(type, listener, options));
  }
}

export { StudioElement as Element };

/** Defines a custom element, once. */
export function define(name, kind) {
  if (!customElements.get(name)) customElements.define(name, kind);
}

const sheets = new Map();

/** Loads a style sheet of `studio/styles` once; resolves when it applies. */
export function addStyles(name) {
  if (!sheets.has(name)) {
    sheets.set(name, new Promise((resolve, reject) => {
      const link = h('link', { rel: 'stylesheet', href: `studio/styles/${name}.css` });
      link.addEventListener('load', () => resolve());
      link.addEventListener('error', () => {
        sheets.delete(name);
        link.remove();
        reject(new Error(`the style sheet ${name} did not load`));
      });
      document.head.append(link);
    }));
  }
  return sheets.get(name);
}
