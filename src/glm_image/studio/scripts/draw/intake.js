/** Pictures that are pasted or dropped: references, or files that hold their settings. */
import { h, icon, replace } from '../core/dom.js';
import { toast } from '../core/announce.js';
import { store } from '../core/store.js';
import { t } from '../core/words.js';
import { fill, settingsOf } from './draft.js';

/** What a picture of the wall carries when it is dragged. */
export const DRAGGED = 'application/x-glm-picture';
const KINDS = /^image\/(png|jpeg|webp)$/;

/**
 * Takes pictures that are dropped or pasted anywhere on the view.
 *
 * @param {HTMLElement} view
 * @param {(files: File[]) => void} take Is given pictures that are meant as references.
 * @param {HTMLElement} place Where a question about a file is asked.
 * @returns {() => void} Ends it.
 */
export function takePictures(view, take, place) {
  const veil = h('div', { class: 'drop-veil', hidden: true, aria: { hidden: true } },
    icon('image', 40), h('p', { text: t('intake.drop') }));
  view.append(veil);
  let depth = 0;
  const show = (on) => { veil.hidden = !on; };
  const handlers = {
    dragenter: (event) => {
      if (!hasFiles(event)) return;
      depth += 1;
      show(true);
    },
    dragleave: () => {
      depth = Math.max(0, depth - 1);
      if (!depth) show(false);
    },
    dragover: (event) => {
      if (hasFiles(event)) event.preventDefault();
    },
    drop: (event) => {
      depth = 0;
      show(false);
      if (event.defaultPrevented || !hasFiles(event)) return;
      event.preventDefault();
      const ours = store.pictures.get(event.dataTransfer.getData(DRAGGED));
      if (ours) take([ours]);
      else receive([...event.dataTransfer.files], take, place);
    },
    paste: (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (!files.length) return;
      event.preventDefault();
      receive(files, take, place);
    },
  };
  for (const [type, run] of Object.entries(handlers)) window.addEventListener(type, run);
  return () => {
    for (const [type, run] of Object.entries(handlers)) window.removeEventListener(type, run);
    veil.remove();
  };
}

function hasFiles(event) {
  const types = event.dataTransfer?.types ?? [];
  const fits = types.includes('Files') || types.includes(DRAGGED);
  return fits && !document.querySelector('dialog[open]');
}

/** Sorts files: what is no picture is named, what holds settings is asked about. */
export async function receive(files, take, place) {
  const pictures = files.filter((file) => KINDS.test(file.type));
  for (const file of files) {
    if (pictures.includes(file)) continue;
    toast(t('intake.wrongKind', { name: file.name }), { kind: 'bad' });
  }
  if (pictures.length !== 1) {
    if (pictures.length) take(pictures);
    return;
  }
  const [file] = pictures;
  const { parametersOf } = await import('./png.js');
  const parameters = await parametersOf(file).catch(() => null);
  if (parameters) ask(file, parameters, take, place);
  else take(pictures);
}

/** A picture of the service may be wanted for its settings, or as a reference. */
function ask(file, parameters, take, place) {
  const close = () => {
    place.hidden = true;
    replace(place);
  };
  const restore = async () => {
    close();
    const { prompt = '', ...others } = parameters;
    fill(await settingsOf({ ...others, prompt }));
    toast(t(prompt ? 'intake.restored' : 'intake.restoredBare'), { kind: 'good' });
  };
  const first = h('button', { type: 'button', class: 'primary', on: { click: restore } },
    icon('reuse', 16), t('intake.restore'));
  replace(place,
    h('p', {}, h('strong', { text: file.name }), ` ${t('intake.ask')}`),
    h('div', { class: 'row wrap' }, first,
      h('button', {
        type: 'button', on: { click: () => { close(); take([file]); } },
      }, icon('image', 16), t('intake.reference')),
      h('button', {
        type: 'button', class: 'quiet', text: t('dialog.cancel'), on: { click: close },
      })));
  place.hidden = false;
  first.focus();
}
