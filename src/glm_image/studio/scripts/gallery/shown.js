/**
 * What the gallery showed last, so that the views of single pictures know the ones beside it.
 */

import { store } from '../core/store.js';
import { EVERYTHING } from './conditions.js';
import { Feed } from './feed.js';

let feed = null;
let seenId = null;

/** The feed that the gallery showed last, or one of everything. */
export function shownFeed() {
  feed ??= new Feed(EVERYTHING);
  return feed;
}

/** Notes what the gallery shows now. The same conditions keep what was fetched. */
export function showFeed(conditions) {
  const isSame = feed && JSON.stringify(feed.conditions) === JSON.stringify(conditions);
  if (isSame && !conditions.bin) return feed;
  feed?.stop();
  feed = new Feed(conditions);
  return feed;
}

/** Notes which picture was looked at. */
export function noteSeen(id) {
  seenId = id;
}

/** The id of the picture that was looked at last; it is told once. */
export function seen() {
  const id = seenId;
  seenId = null;
  return id;
}

// Pictures that are drawn, marked or thrown away anywhere change what the gallery shows.
store.subscribe(({ kind, id }) => {
  if (kind === 'connection' && store.connection === 'connecting') feed = null;
  if (kind !== 'picture' || !feed) return;
  const picture = store.pictures.get(id);
  // What lies in the bin is not known to the store, and what comes back from it is.
  if (picture && !feed.conditions.bin) feed.put(picture);
  else if (picture || !feed.conditions.bin) feed.drop(id);
});
