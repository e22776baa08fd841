/** Has the service worker keep the pages' files, and says in `place` when they open without a network. */
export async function workOffline(place: HTMLElement): Promise<void> {
  // Not with the development server, whose files change.
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  try {
    await navigator.serviceWorker.register(new URL('./service-worker.js', document.baseURI));
    await navigator.serviceWorker.ready;
    place.textContent = 'This page now works offline, too.';
  } catch (thrown) {
    place.textContent = `This page will need the network again: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
  }
}
