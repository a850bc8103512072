/**
 * Which pictures the gallery shows, as its address says it.
 */

/** Longest text that the service searches for. */
export const MOST_CHARACTERS = 200;

/**
 * @typedef {{text: string, tag: string|null, favourite: boolean, bin: boolean}} Conditions
 */

/** @type {Conditions} */
export const EVERYTHING = Object.freeze({ text: '', tag: null, favourite: false, bin: false });

/** The conditions that an address names. @param {URLSearchParams} query @returns {Conditions} */
export function conditionsOf(query) {
  return {
    text: (query.get('text') ?? '').slice(0, MOST_CHARACTERS),
    tag: query.get('tag') || null,
    favourite: query.get('favourite') === '1',
    bin: query.get('bin') === '1',
  };
}

/** The address where conditions hold. @param {Conditions} conditions */
export function addressOf({ text, tag, favourite, bin }) {
  const query = new URLSearchParams();
  if (text) query.set('text', text);
  if (tag) query.set('tag', tag);
  if (favourite) query.set('favourite', '1');
  if (bin) query.set('bin', '1');
  return query.size > 0 ? `#/gallery?${query}` : '#/gallery';
}
