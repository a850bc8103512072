/** The view in which pictures are made by talking: say what to draw, then what to change. */
import { errorText, toast, toastError } from '../core/announce.js';
import { modal } from '../core/dialogs.js';
import { addStyles, define, Element, h, icon, replace } from '../core/dom.js';
import { shortcuts } from '../core/keyboard.js';
import { go, setTitle } from '../core/router.js';
import { hasEnded, store } from '../core/store.js';
import { loadWords, t } from '../core/words.js';
import { exampleWords } from './examples.js';
import { sourceOf } from './sources.js';
import { Talk, wordsOf } from './talk.js';
import { answerTurn, userTurn } from './turns.js';
import './ask.js';
import './list.js';

/** `<glm-chat>`: the conversations, the one that is open, and where the next thing is said. */
class Chat extends Element {
  #talk = new Talk();
  #place = null;
  #shown = [];
  /** Masks of this visit, by the job that used them. */
  #masks = new Map();

  show(place) {
    const before = this.#place;
    this.#place = place;
    if (this.list) this.#open(before);
  }

  async connected() {
    await Promise.all([loadWords('references'), addStyles('references')]);
    if (!this.isConnected) return;
    this.list = h('glm-conversations', {
      on: {
        renamed: (event) => {
          if (event.detail.id === this.#talk.id) this.#talk.reload();
        },
        gone: (event) => {
          if (event.detail.id === this.#talk.id) go('#/chat');
        },
      },
    });
    this.heading = h('h1', { class: 'chat-title' });
    this.thread = h('ol', { class: 'thread', aria: { label: t('chat.thread') } });
    this.start = h('div', { class: 'chat-start' });
    this.ask = h('glm-ask', {
      on: {
        say: (event) => this.#say(event.detail),
        last: () => this.#changeLast(),
        edited: () => this.ask.suggest(this.#talk.picture),
      },
    });
    replace(this,
      h('aside', { class: 'chat-side', aria: { label: t('chat.conversations') } }, this.list),
      h('div', { class: 'chat-main' },
        h('header', { class: 'chat-head' }, this.heading, h('button', {
          type: 'button', class: 'icon-button chat-menu', aria: { label: t('chat.conversations') },
          on: { click: () => this.#openList() },
        }, icon('menu'))),
        this.start, this.thread, this.ask));
    this.listen(this.#talk, 'change', () => this.#render());
    this.own(
      store.subscribe((change) => this.#heard(change)),
      shortcuts.add({
        id: 'chat.write', keys: '/', label: () => t('chat.keys.write'), scope: 'chat',
        run: () => this.ask.field.focus(),
      }),
      shortcuts.add({
        id: 'chat.new', keys: 'n', label: () => t('chat.keys.new'), scope: 'chat',
        run: () => go('#/chat'),
      }),
    );
    this.#open(null);
  }

  async #open(before) {
    const { id, query } = this.#place;
    const picture = query.get('picture');
    const same = before?.id === id && id !== null && this.#talk.id === id;
    // A conversation that has just begun gets its address; it is open already.
    if (!same && !(id !== null && this.#talk.id === id)) {
      this.list.current = id;
      this.ask.open(id);
      await this.#talk.open(id);
    }
    this.list.current = id;
    if (picture) {
      try {
        this.ask.use(await sourceOf(picture));
      } catch (error) {
        toastError(error);
      }
      history.replaceState(null, '', id ? `#/chat/${id}` : '#/chat');
    }
    if (!matchMedia('(pointer: coarse)').matches) this.ask.field.focus({ preventScroll: true });
  }

  #heard(change) {
    if (change.kind === 'models' && !this.#talk.id) this.#render();
    if (change.kind !== 'job' || !this.#talk.id) return;
    const job = store.jobs.get(change.id);
    if (job?.conversation_id !== this.#talk.id) return;
    const known = this.#talk.tree.turns.some((turn) => turn.job_id === job.id);
    // Somebody went on in another tab; while words are on their way, the answer to them comes.
    if (!known && !this.saying) this.#talk.reload();
    if (known && hasEnded(job)) {
      this.ask.suggest(this.#talk.picture);
      // A picture may be higher than its progress was; who was at the end stays there.
      if (job.id === this.#talk.path.at(-1)?.job_id && this.#nearEnd()) this.#toEnd();
    }
  }

  #render() {
    const talk = this.#talk;
    const { path } = talk;
    this.heading.textContent = talk.title || t('nav.chat');
    setTitle(talk.title || t('nav.chat'));
    const ids = path.map((turn) => `${turn.id}/${talk.tree.siblings(turn).length}`);
    let same = 0;
    while (same < ids.length && ids[same] === this.#shown[same]) same += 1;
    while (this.thread.children.length > same) this.thread.lastElementChild.remove();
    this.thread.append(...path.slice(same).map((turn) => this.#turn(turn)));
    const grew = ids.length > same && this.#shown.length > 0;
    this.#shown = ids;
    this.thread.hidden = path.length === 0;
    this.#renderStart(path);
    this.ask.suggest(talk.picture);
    if (ids.length > 0 && (grew || same === 0)) this.#toEnd();
  }

  #renderStart(path) {
    const { problem, isLoading, id } = this.#talk;
    this.start.hidden = path.length > 0;
    if (path.length > 0) return;
    if (problem) {
      const gone = problem.status === 404;
      replace(this.start, icon('warning', 28),
        h('h2', { text: t(gone ? 'chat.gone' : 'chat.notLoaded') }),
        h('p', { text: gone ? t('chat.goneText') : errorText(problem) }),
        gone ? h('a', { class: 'button primary', href: '#/chat', text: t('chat.new') })
          : h('button', {
            type: 'button', class: 'primary', text: t('view.again'),
            on: { click: () => this.#talk.open(id) },
          }));
    } else if (isLoading) {
      replace(this.start, h('p', { class: 'muted', role: 'status', text: t('chat.loading') }));
    } else {
      replace(this.start, icon('chat', 28),
        h('h2', { text: t('chat.emptyTitle') }), h('p', { text: t('chat.emptyText') }),
        h('ul', { class: 'chat-examples' }, exampleWords(store.model()).map((words) => h('li', {},
          h('button', { type: 'button', text: words, on: { click: () => this.ask.fill(words) } })))));
    }
  }

  #turn(turn) {
    if (turn.role === 'user') {
      return userTurn(turn, {
        siblings: this.#talk.tree.siblings(turn),
        onChoose: (other) => {
          this.#talk.choose(other.id);
          this.thread.querySelector(`[data-turn="${CSS.escape(other.id)}"] .branches button:enabled`)?.focus();
        },
        onChange: (other) => this.#change(other),
      });
    }
    return answerTurn(turn, {
      onUse: (picture) => this.ask.use(picture),
      onMask: (picture) => this.ask.paint(picture),
      onAgain: (answer) => this.#again(answer),
    });
  }

  /** The pictures that a turn came with, those that are gone left out. */
  async #sources(turn) {
    const found = await Promise.allSettled(turn.sources.map((id) => sourceOf(id)));
    return found.filter((one) => one.status === 'fulfilled').map((one) => one.value);
  }

  async #change(turn) {
    this.ask.edit(turn, wordsOf(turn), await this.#sources(turn));
  }

  #changeLast() {
    const last = this.#talk.path.findLast((turn) => turn.role === 'user');
    if (last) this.#change(last);
  }

  /** Draws the same once more, with other seeds, as a branch beside it. */
  async #again(answer) {
    const turn = this.#talk.tree.byId.get(answer.parent_id);
    try {
      const { drawing } = store.jobs.get(answer.job_id) ?? await store.fetchJob(answer.job_id);
      const mask = this.#masks.get(answer.job_id) ?? null;
      if (drawing.masked && !mask) {
        // The service keeps the mask with the job only; it has to be painted once more.
        await this.#change(turn);
        toast(t('chat.areaLost'));
        return;
      }
      const options = { size: `${drawing.width}x${drawing.height}`, n: drawing.seeds.length };
      if (drawing.strength) options.strength = drawing.strength;
      await this.#hand({ text: wordsOf(turn), images: turn.sources, mask, options, editing: turn });
    } catch (error) {
      toastError(error);
    }
  }

  async #say(wish) {
    try {
      const { id } = await this.#hand(wish);
      this.ask.sent(id);
      this.ask.suggest(this.#talk.picture);
    } catch (error) {
      this.ask.failed(error);
    }
  }

  async #hand({ editing, ...wish }) {
    const parent = editing ? editing.parent_id ?? 'root' : this.#talk.tip;
    const from = this.#place.id;
    this.saying = true;
    try {
      const said = await this.#talk.say({ ...wish, parent });
      if (wish.mask) this.#masks.set(said.job.id, wish.mask);
      if (from === null && this.#place.id === null) go(`#/chat/${said.id}`);
      this.list.refresh();
      return said;
    } finally {
      this.saying = false;
    }
  }

  #nearEnd() {
    const { scrollHeight } = document.documentElement;
    return scrollHeight - window.scrollY - window.innerHeight < 240;
  }

  #toEnd() {
    requestAnimationFrame(() => window.scrollTo(0, document.documentElement.scrollHeight));
  }

  #openList() {
    const list = h('glm-conversations', { on: { gone: () => this.list.refresh() } });
    modal({
      title: t('chat.conversations'),
      body: (close) => {
        list.addEventListener('click', (event) => {
          if (event.target.closest('a')) close();
        });
        return list;
      },
    });
    list.current = this.#talk.id;
  }
}

define('glm-chat', Chat);

export default function view(place) {
  const chat = h('glm-chat', { class: 'chat' });
  chat.show(place);
  return chat;
}
