import { type MemoryBreakdown, type MemoryCategory, memoryCategories } from './memory-categories.ts';

/** What is known of a buffer's bytes. */
export interface Held {
  readonly category: MemoryCategory;
  readonly modulePath: string;
  readonly owner: string | undefined;
}

/** Bytes by category, by module path and by plugin; or by how much they changed. */
export class HeldBytes {
  readonly categories = noBytes();
  private readonly modules = new Map<string, number>();
  private readonly plugins = new Map<string, number>();

  add({ category, modulePath, owner }: Held, bytes: number): void {
    this.categories[category] += bytes;
    addTo(this.modules, modulePath, bytes);
    if (owner) addTo(this.plugins, owner, bytes);
  }

  clear(): void {
    Object.assign(this.categories, noBytes());
    this.modules.clear();
    this.plugins.clear();
  }

  /** What was held before these changes; modules with the most first. */
  before(changes: HeldBytes): {
    categories: MemoryBreakdown;
    modules: ReadonlyMap<string, number>;
    plugins: ReadonlyMap<string, number>;
  } {
    const categories = { ...this.categories };
    for (const category of memoryCategories) categories[category] -= changes.categories[category];
    const modules = [...without(this.modules, changes.modules)].sort((a, b) => b[1] - a[1]);
    return { categories, modules: new Map(modules), plugins: without(this.plugins, changes.plugins) };
  }
}

export function noBytes(): Record<MemoryCategory, number> {
  return Object.fromEntries(memoryCategories.map((category) => [category, 0])) as Record<MemoryCategory, number>;
}

function addTo(map: Map<string, number>, key: string, bytes: number): void {
  const sum = (map.get(key) ?? 0) + bytes;
  if (sum === 0) map.delete(key);
  else map.set(key, sum);
}

function without(all: ReadonlyMap<string, number>, changes: ReadonlyMap<string, number>): Map<string, number> {
  const left = new Map(all);
  for (const [key, bytes] of changes) addTo(left, key, -bytes);
  return left;
}
