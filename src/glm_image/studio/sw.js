// Keeps the files of the page, so that it opens without a connection: what people wrote is in the
// browser anyway. Answers of the API and pictures are never kept here.
const SHELF = 'glm-image-page-1';

self.addEventListener('install', () => self.skipWaiting());

self.addEventListener('activate', (event) => {
  event.waitUntil((async () => {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name !== SHELF).map((name) => caches.delete(name)));
    await self.clients.claim();
  })());
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const path = new URL(request.url).pathname;
  const root = new URL('./', self.location).pathname;
  const ours = path === root || path.startsWith(`${root}studio/`) || path.endsWith('.webmanifest');
  if (request.method === 'GET' && ours) event.respondWith(newest(request));
});

/** The file from the service; the kept one where the service cannot be reached. */
async function newest(request) {
  const shelf = await caches.open(SHELF);
  try {
    const answer = await fetch(request);
    if (answer.ok) await shelf.put(request, answer.clone());
    return answer;
  } catch (error) {
    const kept = await shelf.match(request, { ignoreVary: true });
    if (kept) return kept;
    throw error;
  }
}
