// Keeps every file of the build, so that the pages open without a network. The build fills in the version and the files.
const cacheName = 'tapgrad-VERSION';
const files = [];

self.addEventListener('install', (event) => {
  event.waitUntil(keepAll().then(() => self.skipWaiting()));
});

self.addEventListener('activate', (event) => {
  event.waitUntil(forgetOthers().then(() => self.clients.claim()));
});

self.addEventListener('fetch', (event) => {
  if (event.request.method === 'GET' && new URL(event.request.url).origin === location.origin) {
    event.respondWith(answer(event.request));
  }
});

/**
 * One after the other: the page is loading at the same time. The server is asked whether what the browser has of a file is still the file: an index of the
 * version before would name scripts that are gone.
 */
async function keepAll() {
  const cache = await caches.open(cacheName);
  for (const file of files) await cache.add(new Request(file, { cache: 'no-cache' }));
}

async function forgetOthers() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name !== cacheName).map((name) => caches.delete(name)));
}

async function answer(request) {
  const cache = await caches.open(cacheName);
  const wanted = request.mode === 'navigate' ? pageOf(request.url) : request;
  // Files are the same for every origin and query, whatever the server says of them.
  return (await cache.match(wanted, { ignoreSearch: true, ignoreVary: true })) ?? fetch(request);
}

/** A folder's address opens its index. */
function pageOf(address) {
  const url = new URL(address);
  return url.pathname.endsWith('/') ? new URL('index.html', url).href : url.href;
}
