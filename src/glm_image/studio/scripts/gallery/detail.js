/**
 * One picture: seen closely, with everything that is known of it and everything it can become.
 */

import { draw, favourite, remove, reuse, setTags } from '../core/actions.js';
import { announce, toast, toastError } from '../core/announce.js';
import { addStyles, Element, define, h, icon, replace } from '../core/dom.js';
import { shortcuts } from '../core/keyboard.js';
import { go, setTitle } from '../core/router.js';
import { store } from '../core/store.js';
import { hasWords, t } from '../core/words.js';
import { variation } from '../draw/draft.js';
import { PictureBar } from './bar.js';
import { addressOf } from './conditions.js';
import { lineage, FamilyPanel } from './family.js';
import { facts, promptParts } from './facts.js';
import { missing } from './missing.js';
import { ProvenancePanel } from './provenance.js';
import { ReadingPanel } from './reading.js';
import { noteSeen, shownFeed } from './shown.js';
import { TagEditor } from './tags.js';
import { openCode, openDownload, openShare } from './taking.js';
import { short } from './tile.js';
import { VariantStrip } from './variants.js';
import './viewer.js';

class PictureView extends Element {
  #id;
  #picture = null;
  #job = null;
  #viewer;
  #bar;
  #panel;
  #variants;
  #tags = null;
  #family = null;

  /** @param {import('../core/router.js').Place} place */
  constructor(place) {
    super();
    this.#id = place.id;
  }

  async connected() {
    this.classList.add('detail');
    await addStyles('picture');
    if (!this.isConnected) return;
    this.#viewer = document.createElement('glm-viewer');
    this.#bar = new PictureBar(() => addressOf(shownFeed().conditions));
    this.#variants = new VariantStrip();
    this.#panel = h('div', { class: 'detail-panel' });
    replace(this,
      h('section', { class: 'detail-stage', aria: { label: t('nav.picture') } },
        this.#bar.node, this.#viewer, this.#variants.node),
      this.#panel);
    this.own(store.subscribe((change) => this.#onChange(change)), this.#keys());
    this.listen(shownFeed(), 'change', () => this.#showBar());
    await this.#open();
  }

  /** Shows another picture. */
  show(place) {
    this.#id = place.id;
    if (this.#panel) this.#open();
  }

  async #open() {
    const id = this.#id;
    this.#picture = store.pictures.get(id) ?? null;
    this.#job = null;
    if (this.#picture) this.#show();
    else replace(this.#panel, loading());
    try {
      this.#picture ??= await store.fetchPicture(id ?? '');
    } catch (error) {
      if (this.#id === id) this.#fail(error);
      return;
    }
    if (this.#id !== id) return;
    if (!this.#panel.querySelector('h1')) this.#show();
    this.#learn(id);
    this.#fetchBeside();
  }

  /** What the picture alone does not say comes later. */
  async #learn(id) {
    const { job_id: jobId } = this.#picture;
    const panel = this.#family;
    const [job, relatives] = await Promise.allSettled([
      store.jobs.get(jobId) ?? store.fetchJob(jobId), lineage(this.#picture),
    ]);
    if (this.#id !== id || !this.isConnected) return;
    if (job.status === 'fulfilled') {
      this.#job = job.value;
      replace(this.#panel.querySelector('.detail-facts'), facts(this.#picture, this.#job.drawing));
      this.#offerVariants();
    }
    if (relatives.status === 'fulfilled') {
      panel.show(relatives.value);
      this.#variants.relatives = relatives.value;
    } else {
      panel.fail(relatives.reason);
    }
  }

  /** Fetches the page with the pictures beside it, so that the arrows lead somewhere. */
  async #fetchBeside() {
    const feed = shownFeed();
    if (feed.items.length === 0 || feed.items.at(-1)?.id === this.#id) await feed.more();
    if (this.isConnected) this.#showBar();
  }

  #show() {
    const picture = this.#picture;
    noteSeen(picture.id);
    setTitle(short(picture.prompt || t('nav.picture'), 40));
    this.#viewer.hidden = false;
    this.#viewer.show({ ...picture, alt: picture.prompt || t('gallery.no_prompt') });
    this.#variants.show(picture);
    this.#showBar();
    this.#showPanel();
    announce(short(picture.prompt || t('gallery.no_prompt'), 120));
  }

  #fail(error) {
    this.#viewer.hidden = true;
    this.#picture = null;
    this.#showBar();
    this.#variants.node.hidden = true;
    replace(this.#panel, missing(error));
  }

  #showBar() {
    const at = this.#place;
    const step = (name, label, sign, by) => ({
      name, label, sign, run: () => this.#step(by), isPossible: this.#beside(by) !== null,
    });
    const picture = () => this.#picture;
    this.#bar.show(at < 0 ? [] : [
      step('before', 'gallery.before', 'left', -1), step('next', 'gallery.next', 'right', 1),
    ], picture() ? [
      tool('favourite', 'heart', () => favourite(picture())),
      tool('download', 'download', () => openDownload(picture())),
      tool('share', 'share', () => openShare(picture())),
      tool('code', 'code', () => this.#code()),
      tool('remove', 'bin', () => this.#remove()),
    ] : []);
    this.#bar.press('favourite', this.#picture?.favourite ?? false);
  }

  #showPanel() {
    const picture = this.#picture;
    this.#tags = new TagEditor({
      label: t('gallery.tags'), onChange: (tags) => setTags(this.#picture, tags),
    });
    this.#tags.tags = picture.tags;
    const reading = new ReadingPanel(picture, (marks) => {
      if (this.#id === picture.id) this.#viewer.mark(marks);
    });
    const provenance = new ProvenancePanel(picture);
    this.#family = new FamilyPanel(picture);
    replace(this.#panel,
      h('h1', { class: 'detail-prompt', tabindex: '-1' },
        picture.prompt ? promptParts(picture.prompt) : t('gallery.no_prompt')),
      this.#actions(),
      this.#section('fact', h('div', { class: 'detail-facts' }, facts(picture, null)), true),
      this.#section('tags', this.#tags.node, true),
      this.#section('reading', reading.node, true),
      this.#section('family', this.#family.node, true),
      this.#section('provenance', provenance.node, false, () => provenance.load()));
  }

  #section(name, body, isOpen, onOpen = () => {}) {
    return h('details', {
      class: `detail-section section-${name}`, open: isOpen,
      on: { toggle: (event) => { if (event.currentTarget.open) onOpen(); } },
    }, h('summary', {}, h('h2', { text: t(`gallery.section_${name}`) }), icon('down', 18)), body);
  }

  #actions() {
    const button = (name, sign, run, kind = '') => h('button', {
      type: 'button', class: kind, data: { name }, on: { click: run },
      // Until it is known how the picture was made.
      disabled: name.startsWith('new_'),
      title: hasWords(`gallery.${name}_hint`) ? t(`gallery.${name}_hint`) : null,
    }, icon(sign, 18), t(`gallery.${name}`));
    const link = (name, sign, href) => h('a', { class: 'button', href },
      icon(sign, 18), t(`gallery.${name}`));
    const id = encodeURIComponent(this.#picture.id);
    return h('div', { class: 'detail-actions' },
      button('reuse', 'reuse', () => this.#reuse(), 'primary'),
      button('new_details', 'sparkle', () => this.#vary('layout')),
      button('new_layout', 'layers', () => this.#vary('details')),
      link('edit', 'edit', `#/chat?picture=${id}`),
      link('compare', 'compare', `#/compare/${id}`),
      button('upscale', 'expand', () => this.#further('upscale')),
      button('extend', 'split', () => this.#further('extend')));
  }

  /** A variant can be drawn at once if its request can be told from what is kept. */
  #offerVariants() {
    const { drawing } = this.#job;
    const isWhole = !drawing.masked && drawing.parents.length === drawing.sources;
    for (const name of ['new_details', 'new_layout']) {
      this.#panel.querySelector(`[data-name="${name}"]`).disabled = !isWhole;
    }
  }

  /** Draws the picture again with one of its two seeds. @param {'layout'|'details'} kept */
  async #vary(kept) {
    try {
      const job = await draw(variation(this.#picture, this.#job.drawing, kept));
      this.#variants.start(job);
      toast(t(kept === 'layout' ? 'gallery.drawing_details' : 'gallery.drawing_layout'));
    } catch (error) {
      toastError(error);
    }
  }

  async #further(name) {
    try {
      if (name === 'upscale') await (await import('../chat/upscale.js')).openUpscale(this.#picture);
      else await (await import('../chat/extend.js')).openExtend(this.#picture);
    } catch (error) {
      toastError(error);
    }
  }

  #reuse() {
    if (this.#picture) reuse(this.#picture, { keepSeed: true });
  }

  #code() {
    openCode(this.#picture, this.#job?.drawing ?? null);
  }

  async #remove() {
    if (!this.#picture) return;
    const next = this.#beside(1) ?? this.#beside(-1);
    if (!await remove(this.#picture)) return;
    go(next ? `#/picture/${next.id}` : '#/gallery', { instead: true });
  }

  /** Place among the pictures of the gallery; -1 if it is not among them. */
  get #place() {
    return shownFeed().items.findIndex(({ id }) => id === this.#id);
  }

  #beside(by) {
    const at = this.#place;
    return at < 0 ? null : shownFeed().items[at + by] ?? null;
  }

  #step(by) {
    const next = this.#beside(by);
    if (next) go(`#/picture/${next.id}`, { instead: true });
  }

  #onChange({ kind, id }) {
    if (kind === 'job' && this.#variants.follows(id)) this.#variants.update();
    if (kind !== 'picture' || id !== this.#id || !this.#picture) return;
    const picture = store.pictures.get(id);
    if (!picture) return;
    this.#picture = picture;
    this.#bar.press('favourite', picture.favourite);
    const isSame = String(this.#tags?.tags) === String(picture.tags);
    if (this.#tags && !isSame) this.#tags.tags = picture.tags;
  }

  #keys() {
    const scope = 'picture';
    const key = (id, keys, label, run) => ({
      id: `picture.${id}`, keys, scope, label: () => t(`gallery.${label}`), run,
    });
    return shortcuts.addAll([
      key('before', 'ArrowLeft', 'before', () => this.#step(-1)),
      key('next', 'ArrowRight', 'next', () => this.#step(1)),
      key('favourite', 'f', 'favourite', () => this.#picture && favourite(this.#picture)),
      key('download', 'd', 'download', () => this.#picture && openDownload(this.#picture)),
      key('reuse', 'r', 'reuse', () => this.#reuse()),
      key('compare', 'c', 'compare', () => go(`#/compare/${this.#id}`)),
      key('remove', 'Delete', 'remove', () => this.#remove()),
      key('back', 'Escape', 'to_gallery', () => go(addressOf(shownFeed().conditions))),
    ]);
  }
}

/** An action of the bar whose words have its name. */
function tool(name, sign, run) {
  return { name, label: `gallery.${name}`, sign, run };
}

function loading() {
  return h('p', { class: 'hint', role: 'status', text: t('gallery.loading') });
}

define('glm-picture', PictureView);

/** @param {import('../core/router.js').Place} place */
export default (place) => new PictureView(place);
