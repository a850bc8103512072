/** What a person wants to be sent, checked before it is. */
import { toast } from '../core/announce.js';
import { t } from '../core/words.js';
import { named, unknownMarks } from './named.js';
import { pictureFiles } from './picker.js';

export const MOST_CHARACTERS = 1000;
/** On a touch screen the return key makes a new line, as the keyboard shows. */
const TOUCH = matchMedia('(pointer: coarse)');

/** Whether a key sends: Enter alone, but not while a word is being composed from signs. */
export function isSending(event) {
  return event.key === 'Enter' && !event.shiftKey && !event.isComposing
    && (!TOUCH.matches || event.ctrlKey || event.metaKey);
}

/**
 * The words as they are sent, or what is wrong with them.
 *
 * @param {string} written
 * @param {import('./references.js').References} references
 * @returns {{text: string, problem: string}}
 */
export function checkedWords(written, references) {
  const text = named(written.trim());
  const unknown = unknownMarks(written, references.items.length);
  let problem = '';
  if (!text) problem = t('ask.noWords');
  else if (text.length > MOST_CHARACTERS) problem = t('ask.tooLong', { n: text.length - MOST_CHARACTERS });
  else if (unknown.length) problem = t('ask.unknownMark', { mark: unknown.join(' ') });
  else if (!references.ready) problem = t('ask.notReady');
  return { text, problem };
}

/** Takes pictures that were pasted or dropped. */
export function takePictures(event, transfer, references) {
  const files = pictureFiles(transfer);
  if (files.length) {
    event.preventDefault();
    references.add(...files);
  } else if (event.type === 'drop' && transfer.files.length) {
    event.preventDefault();
    toast(t('ask.notPictures'), { kind: 'bad' });
  }
}
