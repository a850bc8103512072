/** The frame of the page: navigation, what the connection says, and the place of the view. */
import { addStyles, h, icon, replace } from './core/dom.js';
import { go, setTitle } from './core/router.js';
import { currentLanguage, loadWords, t } from './core/words.js';
import { preferences } from './core/preferences.js';
import { shortcuts } from './core/keyboard.js';
import { store } from './core/store.js';
import { toast } from './core/announce.js';

/**
 * Views: each module's default export makes the element that is shown, from a place of
 * core/router.js; if the same view is asked for again and the element has `show(place)`, that is
 * called instead.
 */
const VIEWS = {
  draw: {
    load: () => import('./draw/view.js'),
    words: ['compose'],
    styles: ['draw', 'wall', 'progress'],
  },
  gallery: { load: () => import('./gallery/view.js'), words: ['gallery'], styles: ['gallery'] },
  picture: { load: () => import('./gallery/detail.js'), words: ['gallery'], styles: ['gallery'] },
  compare: { load: () => import('./gallery/compare.js'), words: ['gallery'], styles: ['gallery'] },
  chat: { load: () => import('./chat/view.js'), words: ['chat'], styles: ['chat'] },
  batch: { load: () => import('./chat/batch.js'), words: ['chat'], styles: ['chat'] },
  admin: { load: () => import('./admin/view.js'), words: ['admin'], styles: ['admin'] },
  settings: { load: () => import('./admin/settings.js'), words: ['admin'], styles: ['admin'] },
};

const BAR = ['draw', 'gallery', 'chat', 'batch'];
const THEMES = ['system', 'light', 'dark'];
const THEME_ICONS = { system: 'contrast', light: 'light', dark: 'dark' };

export class Shell {
  #frame;
  #outlet;
  #banner;
  #links = new Map();
  #shown = null;
  #visit = 0;
  #wasOff = false;

  /** @param {HTMLElement} frame As it stands in the page. */
  constructor(frame) {
    this.#frame = frame;
    this.#outlet = frame.querySelector('.outlet');
    this.#banner = frame.querySelector('.banner');
    frame.querySelector('.skip').addEventListener('click', (event) => {
      // The address belongs to the router.
      event.preventDefault();
      this.#outlet.focus();
    });
    this.rebuild();
    store.subscribe((change) => {
      if (change.kind === 'connection') this.#connection();
    });
    shortcuts.addAll([
      { id: 'help', keys: '?', label: () => t('keys.help'), run: openHelp },
      { id: 'theme', keys: 't', label: () => t('keys.theme'), run: () => this.#nextTheme() },
      { id: 'go.draw', keys: '1', label: () => t('keys.draw'), run: () => go('#/') },
      { id: 'go.gallery', keys: '2', label: () => t('keys.gallery'), run: () => go('#/gallery') },
      { id: 'go.chat', keys: '3', label: () => t('keys.chat'), run: () => go('#/chat') },
    ]);
  }

  /** Fills the frame, and again in another language. */
  rebuild() {
    const part = (name) => this.#frame.querySelector(`:scope .${name}`);
    const letters = part('rail-foot .letters');
    const wasOnButton = letters !== null && letters === document.activeElement;
    this.#shown = null;
    this.#links.clear();
    part('skip').textContent = t('app.skip');
    part('rail').setAttribute('aria-label', t('nav.label'));
    part('rail-sign').setAttribute('aria-label', t('app.name'));
    replace(part('rail-main'), BAR.map((name) => this.#link(name)));
    replace(part('rail-foot'), this.#foot());
    this.#connection();
    if (wasOnButton) part('rail-foot .letters').focus();
  }

  /** Shows the view of a place. @param {import('./core/router.js').Place} place */
  async open(place) {
    this.#visit += 1;
    const visit = this.#visit;
    const view = VIEWS[place.view];
    this.#mark(place.view);
    if (!view) {
      this.#put(null, notFound());
      return;
    }
    if (this.#shown?.name === place.view && this.#shown.node.show) {
      this.#shown.node.show(place);
      return;
    }
    try {
      const [module] = await Promise.all([
        view.load(), loadWords(...view.words), ...view.styles.map(addStyles),
      ]);
      if (visit !== this.#visit) return;
      setTitle(t(`nav.${place.view}`));
      this.#put(place.view, module.default(place));
    } catch (error) {
      if (visit !== this.#visit) return;
      this.#put(null, this.#failed(place, error));
    }
  }

  #put(name, node) {
    const first = this.#shown === null;
    this.#shown = name ? { name, node } : { name: '', node };
    // Before the view comes: it may scroll to what was looked at last, and give it the focus.
    this.#outlet.dataset.view = name ?? 'none';
    window.scrollTo(0, 0);
    replace(this.#outlet, node);
    // Those who cannot see that the page has changed are brought to what is new.
    if (!first && !this.#outlet.contains(document.activeElement)) {
      this.#outlet.focus({ preventScroll: true });
    }
  }

  #failed(place, error) {
    return h('div', { class: 'empty' },
      icon('warning', 32),
      h('h1', { text: t('view.failed') }),
      h('p', { text: String(error?.message ?? error) }),
      h('button', {
        type: 'button', class: 'primary', text: t('view.again'),
        // A module that failed to load is remembered as failed; only a reload asks again.
        on: { click: () => location.reload() },
      }));
  }

  #link(name) {
    const node = h('a', { class: 'rail-link', href: name === 'draw' ? '#/' : `#/${name}` },
      icon(name, 22), h('span', { text: t(`nav.${name}`) }));
    this.#links.set(name, node);
    return node;
  }

  #foot() {
    const other = currentLanguage() === 'en' ? 'zh' : 'en';
    return [
      h('button', {
        type: 'button', class: 'icon-button', aria: { label: t('help.open') },
        on: { click: openHelp },
      }, icon('help')),
      this.#themeButton(),
      h('button', {
        type: 'button', class: 'icon-button letters', lang: other,
        text: other === 'zh' ? '中' : 'En',
        aria: { label: t('language.toggle') }, title: t('language.toggle'),
        on: { click: () => { preferences.language = other; } },
      }),
      this.#link('admin'),
      this.#link('settings'),
    ];
  }

  #themeButton() {
    const button = h('button', {
      type: 'button', class: 'icon-button theme', on: { click: () => this.#nextTheme() },
    });
    const paint = () => {
      const { theme } = preferences;
      const label = t('theme.toggle', { name: t(`theme.${theme}`) });
      button.setAttribute('aria-label', label);
      button.title = label;
      replace(button, icon(THEME_ICONS[theme]));
    };
    paint();
    this.#paintTheme = paint;
    return button;
  }

  #paintTheme = () => {};

  #nextTheme() {
    preferences.theme = THEMES[(THEMES.indexOf(preferences.theme) + 1) % THEMES.length];
    this.#paintTheme();
  }

  #mark(name) {
    const near = { picture: 'gallery', compare: 'gallery' }[name] ?? name;
    for (const [one, node] of this.#links) {
      if (one === near) node.setAttribute('aria-current', 'page');
      else node.removeAttribute('aria-current');
    }
  }

  #connection() {
    const { connection } = store;
    const off = connection === 'offline' || connection === 'denied';
    this.#banner.hidden = !off;
    if (off) {
      const denied = connection === 'denied';
      replace(this.#banner,
        icon(denied ? 'key' : 'offline', 18),
        h('p', { role: 'status', text: t(`connection.${connection}`) }),
        h('button', {
          type: 'button', class: 'link',
          text: t(denied ? 'connection.enter' : 'connection.again'),
          on: { click: () => (denied ? openKey() : store.reconnect()) },
        }));
    }
    if (connection === 'online' && this.#wasOff) toast(t('connection.back'), { kind: 'good' });
    this.#wasOff = off || (connection === 'connecting' && this.#wasOff);
  }
}

function notFound() {
  setTitle(t('nav.unknown'));
  return h('div', { class: 'empty' },
    h('h1', { text: t('nav.unknown') }),
    h('p', { text: t('nav.unknown.text') }),
    h('a', { class: 'button primary', href: '#/', text: t('nav.home') }));
}

async function openHelp() {
  const module = await import('./help.js');
  module.openHelp();
}

async function openKey() {
  const module = await import('./key.js');
  module.openKey();
}
