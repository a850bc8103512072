/** Start of the page: words, frame, connection, and the view that the address names. */
import { current } from './core/router.js';
import { loadWords } from './core/words.js';
import { preferences, onPreference } from './core/preferences.js';
import { store } from './core/store.js';
import { Shell } from './shell.js';

async function start() {
  const frame = document.querySelector('.frame');
  await loadWords('shell', 'compose');
  const shell = new Shell(frame);
  await shell.open(current());
  window.addEventListener('hashchange', () => shell.open(current()));
  onPreference(async (name) => {
    if (name === 'theme') applyTheme();
    if (name === 'key') store.restart();
    if (name === 'language') {
      await loadWords();
      shell.rebuild();
      await shell.open(current());
    }
  });
  store.start();
  keepForLater();
}

function applyTheme() {
  const { theme } = preferences;
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

function keepForLater() {
  if (!('serviceWorker' in navigator) || !window.isSecureContext) return;
  navigator.serviceWorker.register('sw.js').catch(() => {
    // Without it the page works as well, only not without a connection.
  });
}

applyTheme();
start();
