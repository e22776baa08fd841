import { type Module, pathMatcher, TapgradError } from '@tapgrad/core';

export type BlockModule = Module<never, unknown>;

/** A block of the backbone and where it hangs. */
export interface Block {
  readonly path: string;
  readonly module: BlockModule;
}

/** Blocks that follow each other: those of one list, for example `encoder.layers`. */
export interface BlockStack {
  /** Path of the module that holds the blocks and runs them; '' for the model itself. */
  readonly holder: string;
  readonly blocks: readonly Block[];
}

/**
 * The blocks that a pattern names, list by list, in the order of the model.
 * @throws TapgradError NO_BLOCKS
 */
export function findStacks(model: BlockModule, pattern: string): BlockStack[] {
  const matches = pathMatcher(pattern);
  const modules = model.namedModules();
  const lists = new Map<string, Block[]>();
  for (const [path, module] of modules) {
    if (path === '' || !matches(path)) continue;
    const list = path.replace(/\.?[^.]+$/, '');
    lists.set(list, [...(lists.get(list) ?? []), { path, module }]);
  }
  if (lists.size > 0) return [...lists].map(([list, blocks]) => ({ holder: holderOf(list, modules), blocks }));
  throw new TapgradError({
    code: 'NO_BLOCKS',
    message: `no module of the model matches ${pattern}`,
    fix: `name the backbone's blocks with a pattern over module paths, for example ${suggestions(modules)}`,
  });
}

/** `encoder.layers` is a property of `encoder`, and no module itself. */
function holderOf(list: string, modules: ReadonlyMap<string, BlockModule>): string {
  let path = list;
  while (path !== '' && !modules.has(path)) path = path.replace(/\.?[^.]+$/, '');
  return path;
}

function suggestions(modules: ReadonlyMap<string, BlockModule>): string {
  const lists = [...modules.keys()].filter((path) => /\.0$/.test(path)).map((path) => path.replace(/0$/, '*'));
  return (lists.length > 0 ? lists : [...modules.keys()].filter((path) => path !== '')).slice(0, 4).join(', ');
}
