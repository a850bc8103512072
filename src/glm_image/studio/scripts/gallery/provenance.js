/**
 * What a picture file says about where it comes from: its labels and its signature.
 */

import { errorText } from '../core/announce.js';
import { api } from '../core/api.js';
import { modal } from '../core/dialogs.js';
import { h, icon, newId, replace } from '../core/dom.js';
import { t } from '../core/words.js';

const LABEL_FIELDS = ['ContentProducer', 'ProduceID', 'ContentPropagator', 'PropagateID'];

export class ProvenancePanel {
  #picture;
  #isAsked = false;

  /** @param {object} picture */
  constructor(picture) {
    this.#picture = picture;
    this.node = h('div', { class: 'provenance stack' });
  }

  /** Asks the service once. */
  async load() {
    if (this.#isAsked) return;
    this.#isAsked = true;
    replace(this.node, h('p', { class: 'hint', role: 'status', text: t('gallery.loading') }));
    try {
      const found = await api.get(`/api/images/${encodeURIComponent(this.#picture.id)}/provenance`);
      replace(this.node, statements(found), checkButton());
    } catch (error) {
      this.#isAsked = false;
      replace(this.node, h('p', { class: 'problem', role: 'alert', text: errorText(error) }),
        h('button', {
          type: 'button', text: t('gallery.again'), on: { click: () => this.load() },
        }));
    }
  }
}

function checkButton() {
  return h('div', {}, h('button', {
    type: 'button', on: { click: () => openFileCheck() },
  }, icon('shield', 18), t('gallery.provenance_file')));
}

/** Asks for a file and shows what it says about itself. */
export function openFileCheck() {
  const id = newId('file');
  const result = h('div', { class: 'stack', aria: { live: 'polite' } });
  const look = async (file) => {
    if (!file) return;
    replace(result, h('p', { class: 'hint', text: t('gallery.loading') }));
    const form = new FormData();
    form.append('file', file, file.name);
    try {
      const found = await api.form('/api/provenance', form);
      replace(result, h('h3', { text: file.name }), statements(found));
    } catch (error) {
      replace(result, h('p', { class: 'problem', role: 'alert', text: errorText(error) }));
    }
  };
  return modal({
    title: t('gallery.provenance_file'),
    body: h('div', { class: 'stack provenance' },
      h('label', { for: id, text: t('gallery.provenance_choose') }),
      h('input', {
        id, type: 'file', accept: 'image/png,image/jpeg,image/webp',
        on: { change: (event) => look(event.currentTarget.files[0]) },
      }),
      h('p', { class: 'hint', text: t('gallery.provenance_kept') }),
      result),
  });
}

/** What an answer of the service says, in words. */
function statements({ hidden, parameters, c2pa, notes }) {
  return h('div', { class: 'stack' },
    h('ul', { class: 'verdicts' },
      statement(hidden !== null && hidden.Label === '1', 'hidden'),
      statement(parameters !== null, 'parameters'),
      statement(c2pa !== null, 'c2pa')),
    hidden ? listed(LABEL_FIELDS.filter((name) => hidden[name]).map((name) => [
      t(`gallery.label_${name}`), hidden[name],
    ])) : null,
    parameters ? folded('gallery.provenance_parameters', parameters) : null,
    c2pa ? folded('gallery.provenance_manifest', c2pa) : null,
    notes.map((note) => h('p', { class: 'hint', text: note })));
}

function statement(isTrue, name) {
  return h('li', { class: `verdict ${isTrue ? 'read' : 'absent'}` },
    icon(isTrue ? 'check' : 'minus', 16),
    h('p', { text: t(`gallery.provenance_${name}_${isTrue ? 'yes' : 'no'}`) }));
}

function listed(pairs) {
  return h('dl', { class: 'fact-list' },
    pairs.map(([name, value]) => h('div', {}, h('dt', { text: name }), h('dd', { text: value }))));
}

function folded(key, value) {
  return h('details', { class: 'folded' }, h('summary', { text: t(key) }),
    h('pre', { class: 'code', tabindex: '0', aria: { label: t(key) } },
      h('code', { text: JSON.stringify(value, null, 2) })));
}
