/** The page's element of this name. */
export function element<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${kind.name} called ${id}`);
  return found;
}

/** Runs what a button asks for, and shows in `place` why it failed. */
export async function showingProblems(place: HTMLElement, work: () => Promise<void>): Promise<void> {
  place.textContent = '';
  try {
    await work();
  } catch (thrown) {
    place.textContent = thrown instanceof Error ? thrown.message : String(thrown);
  }
}

export const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
