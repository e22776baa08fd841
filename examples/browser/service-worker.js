// Keeps every file of the build, so that the pages open without a network. The build fills in the version and the files.
const cacheName = 'tapgrad-VERSION';
const files = [];

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(cacheName)
      .then((cache) => cache.addAll(files))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener('activate', (event) => {
  event.waitUntil(forgetOthers().then(() => self.clients.claim()));
});

self.addEventListener('fetch', (event) => {
  if (event.request.method === 'GET' && new URL(event.request.url).origin === location.origin) {
    event.respondWith(answer(event.request));
  }
});

async function forgetOthers() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name !== cacheName).map((name) => caches.delete(name)));
}

async function answer(request) {
  const cache = await caches.open(cacheName);
  const wanted = request.mode === 'navigate' ? pageOf(request.url) : request;
  return (await cache.match(wanted, { ignoreSearch: true })) ?? fetch(request);
}

/** A folder's address opens its index. */
function pageOf(address) {
  const url = new URL(address);
  return url.pathname.endsWith('/') ? new URL('index.html', url).href : url.href;
}
