/** A list of things to do that opens at a button. */
import { h, icon } from './dom.js';

let open = null;

/**
 * Opens a menu, or closes it if it is open at the same button.
 *
 * @param {HTMLElement} anchor The button; it gets the focus back.
 * @param {Array<{label: string, icon?: string, run: () => void, danger?: boolean}|null>} items
 *   null is a line between two groups.
 */
export function openMenu(anchor, items) {
  if (open?.anchor === anchor) {
    open.close();
    return;
  }
  open?.close();
  const node = h('div', {
    class: 'menu', role: 'menu', popover: 'manual',
    on: { keydown: (event) => onKey(event, node, close) },
  }, items.map((item) => (item === null ? h('hr') : h('button', {
    type: 'button', role: 'menuitem', tabindex: '-1', class: item.danger ? 'quiet bad' : 'quiet',
    on: { click: () => { close(); item.run(); } },
  }, item.icon ? icon(item.icon, 18) : null, h('span', { text: item.label })))));

  const onOutside = (event) => {
    if (!node.contains(event.target) && !anchor.contains(event.target)) close(false);
  };

  function close(back = true) {
    if (open?.node !== node) return;
    open = null;
    document.removeEventListener('pointerdown', onOutside, true);
    window.removeEventListener('scroll', onScroll, true);
    anchor.setAttribute('aria-expanded', 'false');
    node.remove();
    if (back) anchor.focus();
  }

  function onScroll(event) {
    if (!node.contains(event.target)) close(false);
  }

  (anchor.closest('dialog') ?? document.body).append(node);
  node.showPopover();
  place(node, anchor);
  anchor.setAttribute('aria-haspopup', 'menu');
  anchor.setAttribute('aria-expanded', 'true');
  document.addEventListener('pointerdown', onOutside, true);
  window.addEventListener('scroll', onScroll, true);
  open = { anchor, node, close };
  node.querySelector('[role="menuitem"]')?.focus();
}

function place(node, anchor) {
  const at = anchor.getBoundingClientRect();
  const own = node.getBoundingClientRect();
  const below = at.bottom + 4 + own.height <= window.innerHeight;
  const left = Math.min(Math.max(8, at.right - own.width), window.innerWidth - own.width - 8);
  node.style.left = `${left}px`;
  node.style.top = `${Math.max(8, below ? at.bottom + 4 : at.top - own.height - 4)}px`;
}

function onKey(event, node, close) {
  const items = [...node.querySelectorAll('[role="menuitem"]')];
  const at = items.indexOf(document.activeElement);
  const to = {
    ArrowDown: (at + 1) % items.length,
    ArrowUp: (at - 1 + items.length) % items.length,
    Home: 0,
    End: items.length - 1,
  }[event.key];
  if (event.key === 'Escape' || event.key === 'Tab') {
    event.preventDefault();
    event.stopPropagation();
    close();
  } else if (to !== undefined) {
    event.preventDefault();
    items[to].focus();
  } else if (event.key.length === 1) {
    const sign = event.key.toLowerCase();
    items.find((item) => item.textContent.toLowerCase().startsWith(sign))?.focus();
    event.stopPropagation();
  }
}
