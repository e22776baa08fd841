/** Has the service worker keep the pages' files, and says in `place` when they open without a network. */
export async function workOffline(place: HTMLElement): Promise<void> {
  // Not with the development server, whose files change.
  if (import.meta.hot || !('serviceWorker' in navigator)) return;
  try {
    const registration = await navigator.serviceWorker.register(new URL('./service-worker.js', document.baseURI));
    if (!registration.active) await installed(registration.installing ?? registration.waiting);
    place.textContent = 'This page now works offline, too.';
  } catch (thrown) {
    place.textContent = `This page will need the network again: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
  }
}

/** Waits until a new service worker has kept all files. */
function installed(worker: ServiceWorker | null): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (worker?.state === 'activated') resolve();
      if (worker?.state === 'redundant') reject(new Error('its files could not all be kept'));
    };
    worker?.addEventListener('statechange', look);
    look();
  });
}
