/**
 * Files that go to the disk of the reader, and words that go to the clipboard.
 */

import { toast } from '../core/announce.js';
import { t } from '../core/words.js';

/** A download may still be reading the address some time after the click. */
const KEPT_MS = 60_000;

/**
 * Saves a file as a download.
 *
 * @param {Blob} blob
 * @param {string} name
 */
export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}

/**
 * Puts words into the clipboard and says so.
 *
 * @param {string} text
 * @returns {Promise<boolean>}  Whether it worked.
 */
export async function copy(text) {
  try {
    await write(text);
  } catch {
    toast(t('gallery.copy_failed'), { kind: 'bad' });
    return false;
  }
  toast(t('gallery.copied'), { kind: 'good', ms: 2500 });
  return true;
}

/** Pages of plain http on other machines have no clipboard of the new kind. */
async function write(text) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'spoken';
  document.body.append(field);
  field.select();
  const isCopied = document.execCommand('copy');
  field.remove();
  if (!isCopied) throw new Error('the browser does not copy');
}
