/** Where the page is: the part of its address behind '#'. */

/** @typedef {{view: string, id: string|null, ids: string[], query: URLSearchParams}} Place */

/** The place that an address names: '#/picture/img_1' -> {view: 'picture', id: 'img_1', ...}. */
export function placeOf(hash) {
  const [path, query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [view = '', ...rest] = path.split('/').map(decoded);
  const ids = rest.join('/').split(',').filter(Boolean);
  return { view: view || 'draw', id: ids[0] ?? null, ids, query: new URLSearchParams(query) };
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The place now. @returns {Place} */
export function current() {
  return placeOf(location.hash);
}

/** Goes to a place such as '#/gallery'; `instead` leaves no step to go back to. */
export function go(hash, { instead = false } = {}) {
  if (instead) {
    history.replaceState(null, '', hash);
    window.dispatchEvent(new HashChangeEvent('hashchange'));
  } else if (location.hash !== hash) {
    location.hash = hash;
  }
}

/** Names the page in the tab and for screen readers. */
export function setTitle(text) {
  document.title = text ? `${text} · GLM-Image` : 'GLM-Image';
}
