/** The wall: the latest jobs and their pictures, the newest first. */
import { define, Element, h, icon, replace } from '../core/dom.js';
import { cancelAll } from '../core/actions.js';
import { announce } from '../core/announce.js';
import { hasEnded, store } from '../core/store.js';
import { onPreference, preferences } from '../core/preferences.js';
import { t } from '../core/words.js';
import { JobCard, short } from './card.js';
import { emptyWall } from './examples.js';
import { Outbox } from './outbox.js';

export class Wall extends Element {
  #cards = new Map();
  #states = new Map();
  #changed = new Set();
  #frame = 0;
  #head = h('div', { class: 'wall-head', hidden: true });
  #list = h('div', { class: 'wall-list' });
  #rest = h('div', { class: 'wall-rest' });
  #outbox = new Outbox();

  connected() {
    replace(this, this.#head, this.#outbox.node, this.#list, this.#rest);
    this.own(
      store.subscribe((change) => this.#heard(change)),
      onPreference((name) => {
        if (name === 'hiddenJobs') this.#arrange();
        if (name === 'outbox') this.#outbox.update();
      }),
    );
    this.#arrange();
  }

  disconnected() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
  }

  #heard({ kind, id }) {
    if (kind === 'connection' || kind === 'models') {
      this.#schedule();
    } else {
      const job = kind === 'job' ? id : store.pictures.get(id)?.job_id;
      if (job) this.#changed.add(job);
      this.#schedule();
    }
  }

  /** Many changes arrive at once; they are shown once per frame. */
  #schedule() {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#arrange();
    });
  }

  #arrange() {
    const hidden = new Set(preferences.hiddenJobs);
    const jobs = store.jobList().filter((job) => !hidden.has(job.id));
    const shown = new Map();
    for (const job of jobs) {
      let card = this.#cards.get(job.id);
      if (!card) card = new JobCard(job, { fresh: !hasEnded(job) });
      else if (this.#changed.has(job.id)) card.update(job);
      if (!card.isEmpty) shown.set(job.id, card);
      this.#speak(job);
    }
    this.#changed.clear();
    this.#cards = shown;
    this.#place([...shown.values()].map((card) => card.node));
    this.#paintHead(jobs);
    this.#paintRest(shown.size);
  }

  /** Puts nodes in order without moving those that stand right, as moving loses the focus. */
  #place(nodes) {
    const wanted = new Set(nodes);
    for (const child of [...this.#list.children]) if (!wanted.has(child)) child.remove();
    let at = this.#list.firstElementChild;
    for (const node of nodes) {
      if (node === at) at = at.nextElementSibling;
      else this.#list.insertBefore(node, at);
    }
  }

  #speak(job) {
    const before = this.#states.get(job.id);
    this.#states.set(job.id, job.state);
    if (before === undefined || before === job.state || !hasEnded(job)) return;
    const prompt = short(job.drawing.prompt);
    const key = job.state === 'succeeded' ? 'wall.finished' : `wall.${job.state}`;
    announce(t(key, { prompt }), { urgent: job.state === 'failed' });
  }

  #paintHead(jobs) {
    const active = jobs.filter((job) => !hasEnded(job));
    this.#head.hidden = active.length < 2;
    if (this.#head.hidden) return;
    replace(this.#head,
      h('p', { text: t('wall.active', { count: active.length }) }),
      h('button', { type: 'button', class: 'quiet', on: { click: () => cancelAll() } },
        icon('stop', 16), t('wall.cancelAll')));
  }

  #paintRest(count) {
    const state = store.isFilled ? (count ? 'some' : 'none') : store.connection;
    const key = `${state}:${store.models[0]?.id ?? ''}`;
    if (this.#rest.dataset.state === key) return;
    this.#rest.dataset.state = key;
    if (state === 'none') replace(this.#rest, emptyWall(store.model()));
    else if (state === 'some') {
      replace(this.#rest, h('a', { class: 'button quiet', href: '#/gallery' },
        t('wall.more'), icon('forward', 16)));
    } else if (state === 'connecting') {
      replace(this.#rest, h('p', { class: 'spoken', role: 'status', text: t('wall.loading') }));
    } else replace(this.#rest);
  }
}

define('glm-wall', Wall);
